// Keeps a ticket's page current. Events are hints: the page listens first, then reads, and polls while it cannot hear.
import { countDown } from "./countdown.js";

const POLL_MS = 3_000; // while there is no event stream
const CHECK_MS = 20_000; // beside a healthy one, in case a hint was lost
const CONNECT_AGAIN_MS = 10_000;

const live = () => document.querySelector("[data-live]");
// No hint tells that the card page is ready, so that page looks more often.
const checkEvery_ms = () => (live()?.dataset.stage === "preparing" ? POLL_MS : CHECK_MS);
const lookAgain = () => document.body.dispatchEvent(new CustomEvent("look-again"));

let source = null;
let timer = null;

const every = (ms) => {
  clearInterval(timer);
  timer = setInterval(lookAgain, ms);
};

const connect = () => {
  const part = live();
  if (!part) return;
  source = new EventSource(part.dataset.live);
  source.addEventListener("ready", () => {
    every(checkEvery_ms());
    lookAgain();
  });
  source.addEventListener("hint", lookAgain);
  source.addEventListener("error", () => {
    every(POLL_MS);
    // A refused stream is not tried again by the browser itself.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, CONNECT_AGAIN_MS);
  });
};

const rest = () => {
  if (live()) return;
  clearInterval(timer);
  if (source) source.close();
};

every(POLL_MS);
connect();
countDown(document, lookAgain);
document.addEventListener("htmx:afterSettle", () => {
  countDown(document, lookAgain);
  rest();
});
rest();
addEventListener("pagehide", () => source && source.close());
