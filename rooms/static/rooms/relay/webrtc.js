// WHIP and WHEP over fetch: one RTCPeerConnection to the relay's one UDP port.

import { Problem, TransportBlocked } from "./problem.js";

const SLOTS = 4;
const CONNECT_MS = 5000;
const BUFFER_MS = 120; // room for a packet to be asked for twice; a listener does not notice, a gap they do

export class WebRtcTransport {
  #pc = null;
  #answer = "";
  #etag = "";
  #restarting = false;
  #receivers = [];
  streams = [];
  elements = [];

  async open({ url, room, token, kind, media }) {
    const pc = new RTCPeerConnection({ iceServers: [], bundlePolicy: "max-bundle" });
    this.#pc = pc;
    if (kind === "speak") this.#speak(media);
    else this.#listen();
    const way = kind === "speak" ? "whip" : "whep";
    this.created = this.#post(`${url}/relay/rooms/${encodeURIComponent(room)}/${way}`, token);
    const session = await this.created;
    await pc.setRemoteDescription({ type: "answer", sdp: this.#answer });
    await this.#connected(session);
    return session;
  }

  /**
   * What came over the line, of every kind: audio, or signs of life in between. Not every browser counts packets, so
   * it may be bytes; null when this browser counts neither.
   */
  async packets() {
    const reports = [...(await this.#pc.getStats()).values()];
    return total(reports, "transport", "packetsReceived") ?? total(reports, "candidate-pair", "bytesReceived");
  }

  /** Whether the browser itself has noticed that the line is dead. */
  get broken() {
    return ["failed", "disconnected"].includes(this.#pc.connectionState);
  }

  /** Restart ICE: same keys, same streams, another path (RFC 9725 section 4.3.3). */
  async restart() {
    if (this.#restarting) return;
    this.#restarting = true;
    try {
      await this.#pc.setLocalDescription(await this.#pc.createOffer({ iceRestart: true }));
      const answer = await fetch(this.location, {
        method: "PATCH",
        headers: { "Content-Type": "application/trickle-ice-sdpfrag", "If-Match": "*" },
        body: credentials(this.#pc.localDescription.sdp),
      });
      if (!answer.ok) throw await Problem.from(answer);
      this.#etag = answer.headers.get("ETag");
      this.#answer = withCredentials(this.#answer, await answer.text());
      await this.#pc.setRemoteDescription({ type: "answer", sdp: this.#answer });
    } finally {
      this.#restarting = false;
    }
  }

  /** Who is heard on a stream now, as packets name them (their contributing source); null when nobody is. */
  sourceOf(index) {
    return this.#receivers[index]?.getContributingSources?.()[0]?.source ?? null;
  }

  /** The browser's own statistics, for tests and for support. */
  rawStats() {
    return this.#pc.getStats();
  }

  close() {
    this.#pc?.close();
    for (const element of this.elements) element.srcObject = null;
  }

  /** The stream as the relay receives it, for a level meter: seconds, packets, and round trip. */
  async quality() {
    const stats = [...(await this.#pc.getStats()).values()];
    const inbound = stats.filter((report) => report.type === "inbound-rtp");
    const pair = stats.find((report) => report.type === "candidate-pair" && report.nominated);
    return {
      packetsLost: inbound.reduce((sum, report) => sum + (report.packetsLost ?? 0), 0),
      packetsReceived: inbound.reduce((sum, report) => sum + (report.packetsReceived ?? 0), 0),
      roundTripS: pair?.currentRoundTripTime ?? null,
    };
  }

  #speak(media) {
    const [track] = media.getAudioTracks();
    this.#pc.addTransceiver(track, { direction: "sendonly", streams: [media] });
  }

  #listen() {
    this.#pc.ontrack = ({ track, receiver }) => {
      receiver.jitterBufferTarget = BUFFER_MS;
      const stream = new MediaStream([track]);
      const element = new Audio();
      element.srcObject = stream;
      this.streams.push(stream);
      this.#receivers.push(receiver);
      this.elements.push(element);
    };
    for (let slot = 0; slot < SLOTS; slot += 1) this.#pc.addTransceiver("audio", { direction: "recvonly" });
  }

  async #post(endpoint, token) {
    const offer = await this.#pc.createOffer();
    await this.#pc.setLocalDescription({ type: "offer", sdp: withNack(offer.sdp) });
    const answer = await fetch(endpoint, {
      method: "POST",
      headers: { "Content-Type": "application/sdp", Authorization: `Bearer ${token}` },
      body: this.#pc.localDescription.sdp,
    });
    if (!answer.ok) throw await Problem.from(answer);
    this.#answer = await answer.text();
    this.#etag = answer.headers.get("ETag");
    this.location = new URL(answer.headers.get("Location"), endpoint).href;
    return { location: this.location, resume: answer.headers.get("Resume-Token") };
  }

  #connected(session) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new TransportBlocked("no path to the media port")), CONNECT_MS);
      const look = () => {
        if (this.#pc.connectionState === "connected") {
          clearTimeout(timer);
          resolve(session);
        } else if (["failed", "closed"].includes(this.#pc.connectionState)) {
          clearTimeout(timer);
          reject(new TransportBlocked(this.#pc.connectionState));
        }
      };
      this.#pc.addEventListener("connectionstatechange", look);
      look();
    });
  }
}

/** The sum of a counter over all reports of a type, null when none has it. */
function total(reports, type, counter) {
  const counts = reports.filter((report) => report.type === type).map((report) => report[counter]);
  const known = counts.filter((count) => count !== undefined);
  return known.length ? known.reduce((sum, count) => sum + count, 0) : null;
}

/** Ask for retransmissions of Opus, which browsers do not offer by themselves. */
function withNack(sdp) {
  return sdp.replace(/a=rtpmap:(\d+) opus\/48000\/2\r\n/g, "$&a=rtcp-fb:$1 nack\r\n");
}

/** The lines of a description that an ICE restart sends (RFC 8840). */
function credentials(sdp) {
  const line = (name) => sdp.match(new RegExp(`^a=${name}:.*$`, "m"))[0].trim();
  return `${line("ice-ufrag")}\r\n${line("ice-pwd")}\r\n`;
}

/** The relay's answer with the credentials of its fragment. */
function withCredentials(answer, fragment) {
  const value = (name) => fragment.match(new RegExp(`^a=${name}:(.*)$`, "m"))[1].trim();
  return answer
    .replace(/^a=ice-ufrag:.*$/gm, `a=ice-ufrag:${value("ice-ufrag")}`)
    .replace(/^a=ice-pwd:.*$/gm, `a=ice-pwd:${value("ice-pwd")}`);
}
