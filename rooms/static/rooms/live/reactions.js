// Emoji reactions: one press sends, and whatever anybody sent floats up for a moment.

import { ask } from "./api.js";
import { element } from "./dom.js";

const MOST_AT_ONCE = 12;
const FLOATS_MS = 2400;

export class Reactions {
  /** @param {HTMLElement} root with buttons [data-react] and a layer [data-reactions-layer] */
  constructor(root, { address, token, say }) {
    this.layer = root.querySelector("[data-reactions-layer]");
    root.querySelectorAll("[data-react]").forEach((pressed) => {
      pressed.addEventListener("click", () => {
        ask(address, { token, body: { emoji: pressed.dataset.react } }).catch((error) => {
          if (error.isRefusal) say(error.message);
        });
      });
    });
  }

  show(counts) {
    let room = MOST_AT_ONCE - this.layer.childElementCount;
    for (const [emoji, count] of Object.entries(counts)) {
      for (let number = 0; number < count && room > 0; number += 1, room -= 1) this.#float(emoji);
    }
  }

  #float(emoji) {
    const one = element("span", { class: "reaction" }, [emoji]);
    one.style.setProperty("--from", `${Math.round(8 + Math.random() * 84)}%`);
    one.style.setProperty("--after", `${Math.round(Math.random() * 350)}ms`);
    this.layer.append(one);
    setTimeout(() => one.remove(), FLOATS_MS + 400);
  }
}
