// LiveKit as the engine: the same interface as our own transports, over its client, which the site serves.
//
// Hearing and speaking are two participants of one person there ("…" and "…|stage"), as they are two sessions here, so
// going on stage changes nothing for the ears.

import { Problem, TransportBlocked } from "./problem.js";

const CONNECT_MS = 15_000;
const VOICE = "|stage";

/** Why LiveKit ended it, in our relay's words. What is not here may be tried again with another grant. */
const ENDS = {
  DUPLICATE_IDENTITY: { status: 410, reason: "moved", detail: "This seat was opened somewhere else, so it stopped here." },
  ROOM_DELETED: { status: 410, reason: "room-ended", detail: "The room has ended." },
  ROOM_CLOSED: { status: 410, reason: "room-ended", detail: "The room has ended." },
  PARTICIPANT_REMOVED: { status: 403, reason: "revoked", detail: "Your access to this room has ended." },
};

/** @param load imports LiveKit's client, the first time that somebody joins */
export function liveKitEngine(load) {
  class Transport extends LiveKitTransport {
    load = load;
  }
  return { listen: [Transport], speak: [Transport] };
}

export class LiveKitTransport {
  #room = null;
  #client = null;
  #end = null;
  #voices = new Map(); // track id -> { track, stream, element }

  async open({ url, token, kind, media }) {
    this.#client = await this.load();
    const { Room, RoomEvent } = this.#client;
    this.#room = new Room({ disconnectOnPageLeave: true });
    this.#room
      .on(RoomEvent.TrackSubscribed, (track, publication, participant) => this.#heard(track, publication, participant))
      .on(RoomEvent.TrackUnsubscribed, (track) => this.#gone(track))
      .on(RoomEvent.Disconnected, (reason) => this.#ended(reason));
    await this.#connect(url, token, kind === "listen");
    if (kind === "speak") {
      const [track] = media.getAudioTracks();
      const source = this.#client.Track.Source.Microphone;
      await this.#room.localParticipant.publishTrack(track, { source, dtx: true, stopMicTrackOnMute: false });
    }
    return { location: null, resume: null };
  }

  get streams() {
    return [...this.#voices.values()].map((voice) => voice.stream);
  }

  get elements() {
    return [...this.#voices.values()].map((voice) => voice.element);
  }

  /** Who is heard on a stream: the number that our relay's packets carry for the same identity. */
  sourceOf(index) {
    return [...this.#voices.values()][index]?.source ?? null;
  }

  /** LiveKit's client watches its line itself, and finds new paths. */
  async packets() {
    return null;
  }

  get broken() {
    return this.#end !== null;
  }

  async restart() {}

  async ask() {
    if (this.#end === null) return {};
    throw ENDS[this.#end] ? new Problem(ENDS[this.#end]) : new Error(`LiveKit ended it: ${this.#end}`);
  }

  async quality() {
    const reports = await Promise.all([...this.#voices.values()].map(({ track }) => track.getRTCStatsReport()));
    const inbound = reports.flatMap((report) => [...(report?.values() ?? [])]).filter((each) => each.type === "inbound-rtp");
    return {
      packetsLost: inbound.reduce((sum, each) => sum + (each.packetsLost ?? 0), 0),
      packetsReceived: inbound.reduce((sum, each) => sum + (each.packetsReceived ?? 0), 0),
      roundTripS: null,
    };
  }

  close() {
    this.#room?.removeAllListeners();
    this.#room?.disconnect();
    for (const { element } of this.#voices.values()) element.srcObject = null;
    this.#voices.clear();
  }

  async #connect(url, token, autoSubscribe) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new TransportBlocked("LiveKit did not answer")), CONNECT_MS);
    });
    try {
      await Promise.race([this.#room.connect(url, token, { autoSubscribe }), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #heard(track, publication, participant) {
    if (track.kind !== "audio") return;
    if (participant.identity === this.#room.localParticipant.identity + VOICE) {
      publication.setSubscribed(false); // nobody wants to hear themselves
      return;
    }
    const stream = new MediaStream([track.mediaStreamTrack]);
    const element = new Audio();
    element.srcObject = stream;
    const identity = participant.identity.replace(VOICE, "");
    this.#voices.set(track.sid, { track, stream, element, source: crc32(identity) });
    this.changed?.();
  }

  #gone(track) {
    const voice = this.#voices.get(track.sid);
    if (!voice) return;
    voice.element.srcObject = null;
    this.#voices.delete(track.sid);
    this.changed?.();
  }

  #ended(reason) {
    this.#end = this.#client.DisconnectReason[reason] ?? "UNKNOWN";
  }
}

/** As `rooms.relay.sources` reckons it. */
function crc32(text) {
  let crc = ~0;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0 || 1;
}
