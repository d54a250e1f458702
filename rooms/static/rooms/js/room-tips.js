// Shows a tip to those in the room as it is paid. Hints only say "look again"; without them the part polls by itself.
const part = () => document.getElementById("room-tips");

const connect = () => {
  if (!part()) return;
  const source = new EventSource("/events/");
  source.addEventListener("hint", (event) => {
    if (JSON.parse(event.data).kind === "room-tips") document.body.dispatchEvent(new CustomEvent("look-again-tips"));
  });
  addEventListener("pagehide", () => source.close());
};

connect();
