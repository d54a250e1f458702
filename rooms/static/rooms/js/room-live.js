// Starts a live room on its page: the sound, the stage, and what people do about it.
import { ask, StageApi } from "../live/api.js";
import { Feed } from "../live/feed.js";
import { HostsView } from "../live/hosts.js";
import { Reactions } from "../live/reactions.js";
import { StageView } from "../live/stage.js";
import { RelayClient } from "../relay-client.js";
import { keepingFocus } from "../relay/focus.js";
import { liveKitEngine } from "../relay/livekit.js";
import { LivePanel } from "../relay/panel.js";

const LONGEST_TIMER_MS = 2 ** 31 - 1;

const start = (root) => {
  const one = (name) => root.querySelector(`[data-live-${name}]`);
  const token = root.querySelector("[name=csrfmiddlewaretoken]").value;
  const { liveGrant, liveRelay: url, liveRoom: room, liveStage, liveEvents, liveReactions } = root.dataset;
  const grant = async (kind) => (await ask(liveGrant, { token, body: new URLSearchParams({ kind }) })).token;
  if (root.dataset.liveClient) RelayClient.engine = liveKitEngine(() => import(root.dataset.liveClient));
  let stage = null;
  let inside = false;
  let was = "audience"; // where this person was when the stage was last shown
  let own = false; // while they themselves are changing that
  let broughtUp = false;

  const say = (sentence) => {
    one("notice").textContent = sentence;
    one("notice").hidden = !sentence;
  };
  const view = new StageView(one("people"), one("audience"));
  const panel = new LivePanel(root, {
    url,
    room,
    hearGrant: grant,
    speakGrant: grant,
    on: {
      voice: (source, level) => view.voice(source, level),
      ownVoice: (level) => stage && view.light(stage.you.id, level),
      changed: (states) => {
        inside = ["live", "blocked", "reconnecting"].includes(states.hearing);
        root.toggleAttribute("data-live-inside", inside);
        if (states.speaking === "live" && broughtUp) say("");
        broughtUp &&= states.speaking !== "live";
        if (stage) show(stage);
      },
      quality: (quality) => {
        one("quality").textContent = quality === "weak" ? "Weak connection" : "Good connection";
        one("quality").dataset.quality = quality;
      },
      over: () => one("hosts").setAttribute("hidden", ""),
    },
  });

  function show(now) {
    const you = now.you;
    stage = now;
    view.show(now);
    hosts.show(now);
    panel.allow(you.may_speak);
    panel.hostMuted(you.is_muted, you.may_unmute || you.role !== "listener" ? () => tried(api.do("unmute")) : null);
    one("raise").setAttribute("aria-pressed", String(you.place === "hand"));
    one("raise").querySelector("span").textContent = you.place === "hand" ? "Lower your hand" : "Raise your hand";
    keepingFocus(root, () => {
      one("raise").hidden = !inside || you.may_speak || you.may_take_stage;
      one("invited").hidden = !inside || you.place !== "invited";
      one("join").hidden = !inside || you.may_speak || !you.may_take_stage || you.place === "invited";
    });
    if (was === "hand" && you.may_speak) {
      broughtUp = true;
      say("The host has brought you up. Go on stage when you are ready to speak.");
    }
    if (!own && you.place === "audience" && !you.may_speak) {
      // Not by this page, that is: by a host, or by the same person in another tab.
      if (was === "hand") say("Your hand is down. You can raise it again.");
      if (was === "invited") say("The invitation to speak was taken back.");
      if (was === "speaker") say("You were taken off the stage, and hear the room as before.");
    }
    was = you.place;
    if (now.is_over) feed.stop();
  }

  const api = new StageApi({ stage: liveStage, token, tell: show });
  const tried = (asked) => asked.then(() => say(""), (error) => say(error.isRefusal ? error.message : "That did not work. Try again."));
  const hosts = new HostsView(one("hosts"), api, say);
  const reactions = new Reactions(root, { address: liveReactions, token, say });
  const feed = new Feed({
    events: liveEvents,
    read: () => api.read(),
    me: () => ({ id: stage?.you.id, hosts: Boolean(stage?.for_hosts) }),
    reactions: (counts) => reactions.show(counts),
  });

  const moves = (deed) => {
    own = true;
    return tried(api.do(deed)).finally(() => (own = false));
  };
  one("raise").addEventListener("click", () => moves(stage.you.place === "hand" ? "lower-hand" : "raise-hand"));
  one("decline").addEventListener("click", () => moves("decline"));
  const takeStage = async () => {
    await tried(api.do("take-stage"));
    if (stage.you.may_speak) await panel.speak();
  };
  one("accept").addEventListener("click", takeStage);
  one("join").addEventListener("click", takeStage);
  // Who was brought up goes back to the audience; hosts only put the microphone down.
  one("offstage").addEventListener("click", () => stage.you.role === "listener" && moves("step-down"));
};

/** The server says in how many seconds, because its clock is the one that counts. */
const reloadWhenItOpens = (notice) => {
  const ms = Number(notice.dataset.liveOpensInS) * 1000;
  if (ms <= LONGEST_TIMER_MS) setTimeout(() => location.reload(), ms);
};

document.querySelectorAll("[data-live]").forEach(start);
document.querySelectorAll("[data-live-opens-in-s]").forEach(reloadWhenItOpens);
