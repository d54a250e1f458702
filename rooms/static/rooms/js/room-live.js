// Starts the live panel of a room's page, and asks the site for a grant each time it joins.
import { RelayClient } from "../relay-client.js";
import { liveKitEngine } from "../relay/livekit.js";
import { LivePanel } from "../relay/panel.js";

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The site refused: in words for the person. A refusal is final, anything else is tried again. */
class GrantRefused extends Error {
  isRefusal = true;
}

const askFor = async (root, kind) => {
  const token = root.querySelector("[name=csrfmiddlewaretoken]").value;
  const headers = { "X-CSRFToken": token };
  const answer = await fetch(root.dataset.liveGrant, { method: "POST", headers, body: new URLSearchParams({ kind }) });
  if (answer.ok) return answer.json();
  const problem = await answer.json().catch(() => ({}));
  if (answer.status >= 400 && answer.status < 500) {
    throw new GrantRefused(problem.detail ?? "The site did not let you in. Reload the page, then try again.");
  }
  throw new Error(`The site answered ${answer.status}.`);
};

const start = (root) => {
  const grant = async (kind) => (await askFor(root, kind)).token;
  if (root.dataset.liveClient) RelayClient.engine = liveKitEngine(() => import(root.dataset.liveClient));
  const speaks = "liveMayPublish" in root.dataset;
  const { liveRelay: url, liveRoom: room } = root.dataset;
  const panel = new LivePanel(root, { url, room, hearGrant: grant, speakGrant: speaks ? grant : null });
  panel.setNames([...root.querySelectorAll("[data-live-name]")].map((name) => name.textContent));
};

/** The server says in how many seconds, because its clock is the one that counts. */
const reloadWhenItOpens = (notice) => {
  const ms = Number(notice.dataset.liveOpensInS) * 1000;
  if (ms <= LONGEST_TIMER_MS) setTimeout(() => location.reload(), ms);
};

document.querySelectorAll("[data-live]").forEach(start);
document.querySelectorAll("[data-live-opens-in-s]").forEach(reloadWhenItOpens);
