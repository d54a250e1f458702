// The live panel of a room page: listen, speak, who speaks, and what is going on, over markup that the server wrote.
//
// Inside the root element, by attribute: [data-live-status], [data-live-listen], [data-live-unblock], [data-live-leave],
// [data-live-slot] (four), and for those who may speak [data-live-why], [data-live-speak], [data-live-mic], [data-live-mute],
// [data-live-device], [data-live-level], [data-live-offstage]. What is missing is left out.

import { RelayClient } from "../relay-client.js";
import { keepingFocus } from "./focus.js";
import { LevelMeter } from "./meter.js";
import { MicrophoneError, microphones, openMicrophone } from "./microphone.js";

const QUALITY_MS = 2000;
const WEAK_LOSS = 0.05;
const SPEAKS = 0.25;

const WORDS = {
  idle: "Not connected.",
  connecting: "Connecting…",
  live: "You are in. Sound is on.",
  blocked: "You are in. Your browser waits for a click before it plays sound.",
  reconnecting: "The connection was lost. Reconnecting…",
};
const ON_STAGE = {
  connecting: "Bringing you on stage…",
  live: "You are on stage. Everyone in the room can hear you.",
  reconnecting: "Your line to the stage was lost. Reconnecting…",
};

export class LivePanel {
  /**
   * @param {HTMLElement} root
   * @param {object} options
   * @param {string} options.url address of the relay
   * @param {string} options.room
   * @param {() => Promise<string>} options.hearGrant
   * @param {() => Promise<string>} [options.speakGrant] only for those who may speak, now or later (`allow`)
   * @param {object} [options.on] callbacks: voice(source, level, index) and ownVoice(level) many times a second,
   *   changed({ hearing, speaking }), over()
   */
  constructor(root, { url, room, hearGrant, speakGrant = null, on = {} }) {
    this.root = root;
    this.options = { url, room };
    this.on = on;
    this.maySpeak = Boolean(speakGrant);
    this.mutedByHost = false;
    this.grants = { listen: hearGrant, speak: speakGrant };
    this.meters = [];
    this.names = [];
    this.#wire();
    this.#show();
  }

  /** Names of those on the stage by slot, as the site tells them; empty for nobody. */
  setNames(names) {
    this.names = names;
    this.#all("slot").forEach((slot, index) => {
      slot.querySelector("[data-live-name]").textContent = names[index] || "Open";
      slot.toggleAttribute("data-taken", Boolean(names[index]));
    });
  }

  /** The site has let this person on stage, or taken them off. */
  async allow(maySpeak) {
    if (maySpeak === this.maySpeak) return;
    this.maySpeak = maySpeak;
    if (!maySpeak && this.voice) await this.offStage();
    this.#show();
  }

  /** A host has muted this person, or let them be heard again; `unmute` asks the site, null where it may not. */
  hostMuted(muted, unmute) {
    const known = muted === this.mutedByHost && Boolean(unmute) === Boolean(this.unmute);
    this.mutedByHost = muted;
    this.unmute = unmute;
    if (!known) this.#show();
  }

  async listen() {
    await LevelMeter.wake();
    this.ears = new RelayClient({
      ...this.options,
      kind: "listen",
      getGrant: this.grants.listen,
      on: {
        state: () => this.#show(),
        streams: (streams) => this.#meter(streams),
        ended: ({ detail }) => this.#over(detail),
      },
    });
    this.quality = setInterval(() => this.#judge(), QUALITY_MS);
    await this.ears.start();
  }

  async leave() {
    clearInterval(this.quality);
    await this.offStage();
    await this.ears?.stop();
    this.ears = null;
    this.#meter([]);
    this.#show();
  }

  /** Go on stage. The microphone is asked for here, after the page has said why, and nowhere else. */
  async speak(deviceId = "") {
    await LevelMeter.wake();
    try {
      this.microphone = await openMicrophone(deviceId);
    } catch (error) {
      if (error instanceof MicrophoneError) this.#say(error.message);
      else throw error;
      return;
    }
    const bar = this.#one("level");
    this.ownMeter = new LevelMeter(this.microphone, (level) => {
      bar?.style.setProperty("--level", level.toFixed(2));
      this.on.ownVoice?.(this.#isMuted() ? 0 : level);
    });
    await this.#listDevices();
    this.voice = new RelayClient({
      ...this.options,
      kind: "speak",
      media: this.microphone,
      getGrant: this.grants.speak,
      on: { state: () => this.#show(), ended: ({ detail }) => this.offStage().then(() => this.#say(detail)) },
    });
    await this.voice.start();
  }

  async offStage() {
    this.ownMeter?.stop();
    this.on.ownVoice?.(0);
    this.microphone?.getTracks().forEach((track) => track.stop());
    await this.voice?.stop();
    this.voice = this.microphone = this.ownMeter = null;
    this.#show();
  }

  /** Mute here, at once, whatever the network does. */
  toggleMute() {
    if (this.mutedByHost) return this.unmute?.();
    const [track] = this.microphone.getAudioTracks();
    track.enabled = !track.enabled;
    return this.#show();
  }

  #isMuted() {
    return this.mutedByHost || Boolean(this.microphone && !this.microphone.getAudioTracks()[0].enabled);
  }

  #wire() {
    const on = (name, act) => this.#one(name)?.addEventListener("click", () => act());
    on("listen", () => this.listen());
    on("unblock", () => this.ears.unblock());
    on("leave", () => this.leave());
    on("speak", () => this.speak());
    on("offstage", () => this.offStage());
    on("mute", () => this.toggleMute());
    this.#one("device")?.addEventListener("change", async (event) => {
      await this.offStage();
      await this.speak(event.target.value);
      event.target.focus(); // it was hidden for a moment
    });
    addEventListener("pagehide", () => this.leave());
  }

  #show() {
    const hearing = this.ears?.state ?? "idle";
    const speaking = this.voice?.state ?? "idle";
    const inside = ["live", "blocked", "reconnecting", "connecting"].includes(hearing);
    const muted = this.#isMuted();
    const mute = this.#one("mute");
    if (mute) {
      mute.setAttribute("aria-pressed", String(muted));
      mute.textContent = muted ? "Unmute" : "Mute";
      mute.disabled = this.mutedByHost && !this.unmute;
    }
    this.root.dataset.state = hearing;
    keepingFocus(this.root, () => {
      this.#hide("listen", inside);
      this.#hide("unblock", hearing !== "blocked");
      this.#hide("leave", !inside);
      this.#hide("speak", !this.maySpeak || !inside || speaking !== "idle");
      this.#hide("why", !this.maySpeak || speaking !== "idle");
      this.#hide("mic", speaking === "idle");
    });
    this.on.changed?.({ hearing, speaking });
    if (hearing === "ended") return;
    this.#say(this.#words(hearing, speaking, muted));
  }

  #words(hearing, speaking, muted) {
    if (hearing !== "live" || !ON_STAGE[speaking]) return WORDS[hearing];
    if (speaking !== "live" || !muted) return ON_STAGE[speaking];
    if (!this.mutedByHost) return "You are on stage, muted. Nobody hears you.";
    return `The host has muted you. ${this.unmute ? "You can unmute yourself." : "Only the host can take that back."}`;
  }

  #over(detail) {
    clearInterval(this.quality);
    this.offStage();
    this.#meter([]);
    this.#say(detail);
    this.on.over?.(detail);
  }

  #say(sentence) {
    const status = this.#one("status");
    if (status && status.textContent !== sentence) status.textContent = sentence;
  }

  #meter(streams) {
    this.meters.forEach((meter) => meter.stop());
    const slots = this.#all("slot");
    this.meters = streams.map((stream, index) => {
      return new LevelMeter(stream, (level) => {
        slots[index]?.style.setProperty("--level", level.toFixed(2));
        slots[index]?.toggleAttribute("data-speaks", level > SPEAKS);
        this.on.voice?.(this.ears?.transport?.sourceOf?.(index) ?? null, level, index);
      });
    });
  }

  async #listDevices() {
    const select = this.#one("device");
    if (!select) return;
    const used = this.microphone.getAudioTracks()[0].getSettings().deviceId;
    const options = (await microphones()).map(({ id, name }) => new Option(name, id, false, id === used));
    select.replaceChildren(...options);
  }

  async #judge() {
    const now = await this.ears?.transport?.quality().catch(() => null);
    if (!now) return;
    const last = this.judged ?? now;
    const received = now.packetsReceived - last.packetsReceived;
    const lost = now.packetsLost - last.packetsLost;
    this.judged = now;
    const weak = lost > 0 && lost / (lost + received) > WEAK_LOSS;
    const quality = weak ? "weak" : "good";
    const changed = quality !== (this.root.dataset.quality ?? "good");
    this.root.dataset.quality = quality;
    this.on.quality?.(quality);
    // Only news: what stands there may be why the microphone was refused, or that the host took them off the stage.
    if (changed && this.ears?.state === "live" && !this.voice) {
      this.#say(weak ? "Your connection is weak; sound may break up." : WORDS.live);
    }
  }

  #hide(name, hidden) {
    const element = this.#one(name);
    if (element) element.hidden = hidden;
  }

  #one(name) {
    return this.root.querySelector(`[data-live-${name}]`);
  }

  #all(name) {
    return [...this.root.querySelectorAll(`[data-live-${name}]`)];
  }
}
