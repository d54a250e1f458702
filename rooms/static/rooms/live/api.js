// The site's side of a live room, for its page: every answer is the stage as it is now.

/** The site refused: in words for the person. A refusal is final, anything else is tried again. */
export class Refused extends Error {
  isRefusal = true;
}

const WORDS = "The site did not take that. Reload the page, then try again.";

export class StageApi {
  constructor({ stage, token, tell }) {
    this.address = stage;
    this.token = token;
    this.tell = tell;
  }

  read() {
    return this.#ask("GET", "");
  }

  do(deed) {
    return this.#ask("POST", `${deed}/`);
  }

  about(person, deed) {
    return this.#ask("POST", `people/${person}/${deed}/`);
  }

  rules(changes) {
    return this.#ask("PATCH", "", changes);
  }

  inviteGuest(email) {
    return this.#ask("POST", "guests/", { email });
  }

  withdrawGuest(id) {
    return this.#ask("DELETE", `guests/${id}/`);
  }

  async #ask(method, path, body = null) {
    const stage = await ask(this.address + path, { method, token: this.token, body });
    this.tell(stage);
    return stage;
  }
}

/** Ask the site and read its JSON; throws Refused with the site's own words. */
export async function ask(address, { method = "POST", token, body = null }) {
  const isForm = body instanceof URLSearchParams;
  const answer = await fetch(address, {
    method,
    headers: { "X-CSRFToken": token, ...(body && !isForm ? { "Content-Type": "application/json" } : {}) },
    body: body && !isForm ? JSON.stringify(body) : body,
    cache: "no-store",
  });
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  const problem = await answer.json().catch(() => ({}));
  if (answer.status === 429) throw new Refused("That was a lot at once. Wait a moment, then try again.");
  if (answer.status < 500) throw new Refused(problem.errors?.[0]?.detail ?? problem.detail ?? WORDS);
  throw new Error(`The site answered ${answer.status}.`);
}
