// Shows a tip to those in the room as it is paid. Hints only say "look again"; without them the part polls by itself.
const part = document.getElementById("room-tips");

if (part?.dataset.tipsEvents) {
  const source = new EventSource(part.dataset.tipsEvents);
  source.addEventListener("hint", (event) => {
    if (JSON.parse(event.data).kind === "tips") document.body.dispatchEvent(new CustomEvent("look-again-tips"));
  });
  addEventListener("pagehide", () => source.close());
}
