// Shows who is on stage, and whose voice is heard: people by name, ringed by how loud they are.

import { element } from "./dom.js";

const SPEAKS = 0.25;
const FADES_MS = 400; // a voice that is not told of any more has gone
const ROLES = { host: "Host", cohost: "Co-host", speaker: "Speaker" };

export class StageView {
  /** @param {HTMLElement} root the list @param {HTMLElement} audience where the number of listeners stands */
  constructor(root, audience) {
    this.root = root;
    this.audience = audience;
    this.people = new Map();
    this.bySource = new Map();
    setInterval(() => this.#fade(), FADES_MS / 2);
  }

  /** Show a stage as it was read; those who stay keep their element, so that rings do not flicker. */
  show({ people, audience, you }) {
    this.own = you.id;
    this.bySource.clear();
    const shown = people.map((person) => {
      const tile = this.people.get(person.id) ?? this.#tile(person);
      person.sources.forEach((source) => this.bySource.set(source, person.id));
      this.#update(tile, person);
      return [person.id, tile];
    });
    this.people = new Map(shown);
    this.root.replaceChildren(...shown.map(([, tile]) => tile));
    this.here = people.filter((person) => person.is_here).map((person) => person.id);
    this.audience.textContent = audience === 1 ? "1 listener" : `${audience.toLocaleString("en")} listeners`;
  }

  /**
   * A stream is so loud now. Packets name whose it is; where they cannot, there must be only one. A silent stream that
   * names nobody is one that nobody uses: it says nothing of those who speak.
   */
  voice(source, level) {
    const alone = source === null && level > SPEAKS && this.here?.length === 1 ? this.here[0] : null;
    const id = this.bySource.get(source) ?? alone;
    // One's own voice comes back as silence: the microphone's meter tells of it.
    if (id && id !== this.own) this.light(id, level);
  }

  light(id, level) {
    const tile = this.people.get(id);
    if (!tile) return;
    tile.style.setProperty("--level", level.toFixed(2));
    tile.toggleAttribute("data-speaks", level > SPEAKS);
    tile.litAt = performance.now();
  }

  #fade() {
    for (const [id, tile] of this.people) {
      if (tile.hasAttribute("data-speaks") && performance.now() - tile.litAt > FADES_MS) this.light(id, 0);
    }
  }

  #tile(person) {
    return element("li", { class: "stage-person" }, [
      element("span", { class: "stage-ring", "aria-hidden": "true" }, [person.name[0].toUpperCase()]),
      element("span", { class: "stage-name" }, [person.name]),
      element("span", { class: "stage-role" }),
      element("span", { class: "stage-speaks" }, ["speaking"]),
    ]);
  }

  #update(tile, person) {
    tile.dataset.person = person.id;
    tile.dataset.role = person.role;
    tile.toggleAttribute("data-here", person.is_here);
    tile.toggleAttribute("data-muted", person.is_muted);
    const notes = [ROLES[person.role]];
    if (person.is_muted) notes.push("muted");
    if (!person.is_here) notes.push("off mic");
    tile.querySelector(".stage-role").textContent = notes.join(" · ");
  }
}
