// What can go wrong with the relay, as errors that carry their data.

/** The relay refused: RFC 9457 problem+json. */
export class Problem extends Error {
  constructor({ status, type = "", detail = "", reason = null, retryAfterS = 2 }) {
    super(detail || `The relay answered ${status}.`);
    this.status = status;
    this.code = type.split("/").pop();
    this.detail = detail;
    this.reason = reason;
    this.retryAfterS = retryAfterS;
  }

  /** Whether asking again with another grant cannot help. */
  get isFinal() {
    if (this.status === 403) return true;
    return this.status === 410 && !["left", "consent", "setup", "handshake", "relay-stopped"].includes(this.reason);
  }

  static async from(answer) {
    let body = {};
    try {
      body = await answer.json();
    } catch {
      // Not from the relay itself: a proxy's page, say. The status is all there is.
    }
    const retryAfterS = Number(answer.headers.get("Retry-After")) || 2;
    return new Problem({ ...body, status: answer.status, retryAfterS });
  }
}

/** The relay answered, but its media port cannot be reached from here. */
export class TransportBlocked extends Error {}
