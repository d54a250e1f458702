// A tip without leaving the room: the form comes up in a sheet, and the sound goes on. Without this it is a link.
const htmx = window.htmx;
const sheet = document.getElementById("tip-sheet");
const body = document.getElementById("tip-sheet-body");
const told = document.getElementById("tip-told");
const failed = sheet.querySelector("[data-sheet-failed]");
const AS_A_PART = [409, 422]; // refusals in words, which are shown like the form itself

const waiting = body.innerHTML;

let isComing = false; // one form at a time, so that none takes another's place
let tab = null; // opened with the press, because browsers block what opens later

const open = async (address) => {
  failed.hidden = true;
  if (!sheet.open) {
    // What was chosen before it was closed is still there, and nothing is written anew under somebody's finger.
    const isChosen = Boolean(body.querySelector("#tip-form"));
    if (!isChosen) body.innerHTML = waiting;
    told.replaceChildren();
    body.querySelector("h2")?.focus();
    sheet.showModal();
    if (isChosen) return;
  }
  if (isComing) return;
  isComing = true;
  try {
    await htmx.ajax("GET", address, { target: body, swap: "innerHTML" });
  } finally {
    isComing = false;
  }
};

const say = (sentence) => {
  const line = document.createElement("p");
  line.className = "notice notice-good";
  line.textContent = sentence;
  told.replaceChildren(line);
};

/** Figures that follow the choice come on their own, at any time. */
const isPreview = (detail) => detail.target?.id === "preview";

const leaveTab = () => {
  tab?.close();
  tab = null;
};

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-tip-sheet]");
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  open(link.href);
});

sheet.addEventListener("submit", (event) => {
  failed.hidden = true;
  if (event.target.elements.pay_by?.value !== "card-page") return;
  tab = window.open("", "_blank");
  if (tab) tab.document.body.textContent = "Opening the card page…";
});

sheet.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (AS_A_PART.includes(detail.xhr.status)) Object.assign(detail, { shouldSwap: true, isError: false });
});

sheet.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (isPreview(detail)) return;
  const link = body.querySelector("[data-card-page]");
  if (tab && link) {
    tab.location = link.href;
    tab = null;
  } else if (!body.querySelector("[data-stage=preparing]")) leaveTab();
  // What had the focus is gone: go on at the new heading.
  if (sheet.open && !body.contains(document.activeElement)) body.querySelector("[tabindex='-1']")?.focus();
});

for (const lost of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  sheet.addEventListener(lost, ({ detail }) => {
    if (isPreview(detail) || AS_A_PART.includes(detail.xhr?.status)) return;
    leaveTab();
    failed.hidden = false;
    for (const button of body.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
  });
}

// The part with the link is written anew while a sheet is open, so the browser may not find the way back.
sheet.addEventListener("close", () => {
  if (document.activeElement === document.body) document.getElementById("give-tip")?.focus();
});

document.addEventListener("tip-given", ({ detail }) => {
  sheet.close();
  body.replaceChildren();
  say(detail.sentence);
  document.body.dispatchEvent(new CustomEvent("look-again-tips"));
});
