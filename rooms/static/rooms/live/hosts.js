// What hosts have beside the stage: the queue of hands, the listeners, guests, the rules, and the end of the room.

import { button, element } from "./dom.js";

export class HostsView {
  /**
   * @param {HTMLElement} root written by the server, with [data-hosts-*] in it
   * @param {import("./api.js").StageApi} api
   * @param {(sentence: string) => void} say
   */
  constructor(root, api, say) {
    this.root = root;
    this.api = api;
    this.say = say;
    this.#one("rule-everyone")?.addEventListener("change", ({ target }) => {
      this.#try(api.rules({ who_may_speak: target.checked ? "everyone" : "invited" }));
    });
    this.#one("rule-unmute")?.addEventListener("change", ({ target }) => {
      this.#try(api.rules({ speakers_may_unmute: target.checked }));
    });
    this.#one("end")?.addEventListener("click", () => this.#one("end-sure").showModal());
    this.#one("end-yes")?.addEventListener("click", () => {
      this.#one("end-sure").close();
      this.#try(api.do("end"));
    });
    this.#one("end-no")?.addEventListener("click", () => this.#one("end-sure").close());
    this.#one("guest-form")?.addEventListener("submit", (event) => {
      event.preventDefault();
      const field = event.target.elements.email;
      this.#try(api.inviteGuest(field.value).then(() => (field.value = "")));
    });
  }

  show({ people, you, for_hosts: mine, who_may_speak: rule, speakers_may_unmute: mayUnmute }) {
    this.root.hidden = !mine;
    if (!mine) return;
    this.#one("rule-everyone").checked = rule === "everyone";
    this.#one("rule-unmute").checked = mayUnmute;
    const speakers = people.filter((person) => person.role !== "host");
    this.#list("hands", mine.hands, (person) => [
      this.#about(person, "invite", "Bring up", false),
      this.#about(person, "dismiss", "Not now"),
    ]);
    this.#list("invited", mine.invited, (person) => [this.#about(person, "dismiss", "Take back")]);
    this.#list("speakers", speakers, (person) => [
      this.#about(person, person.is_muted ? "unmute" : "mute", person.is_muted ? "Unmute" : "Mute"),
      ...(person.role === "speaker"
        ? [this.#about(person, "demote", "Off the stage"), this.#about(person, "remove", "Remove")]
        : []),
      ...(person.role === "cohost" && you.role === "host" ? [this.#endRole(person)] : []),
    ]);
    this.#list("listeners", mine.listeners, (person) => [
      this.#about(person, "invite", "Invite to speak"),
      this.#about(person, "remove", "Remove"),
    ]);
    this.#list("removed", mine.removed, (person) => [this.#about(person, "readmit", "Let back in")]);
    this.#list("guests", mine.guests.map(({ id, email }) => ({ id, name: email })), (guest) => [
      button("Withdraw", () => this.#try(this.api.withdrawGuest(guest.id)), { about: guest.name }),
    ]);
  }

  /**
   * Write a list that has changed, and keep the focus on the same button of the same person. One that is as it was is
   * left alone: a button that is replaced while it is pressed never clicks.
   */
  #list(name, people, deeds) {
    const part = this.#one(name);
    if (!part) return;
    const list = part.querySelector("ul");
    const written = JSON.stringify(people);
    if (part.dataset.written === written) return;
    part.dataset.written = written;
    const focused = list.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    list.replaceChildren(...people.map((person) => this.#row(person, deeds(person))));
    part.hidden = people.length === 0 && !part.hasAttribute("data-hosts-always");
    const count = part.querySelector("[data-count]");
    if (count) count.textContent = String(people.length);
    if (focused) (list.querySelector(`[data-key="${focused}"]`) ?? part.querySelector("h3"))?.focus();
  }

  #row(person, deeds) {
    deeds.forEach((made) => (made.dataset.key = `${person.id}-${made.textContent}`));
    return element("li", { class: "hosts-row" }, [
      element("span", { class: "avatar", "aria-hidden": "true" }, [person.name[0].toUpperCase()]),
      element("span", { class: "hosts-name" }, [person.name]),
      element("span", { class: "hosts-deeds" }, deeds),
    ]);
  }

  #about(person, deed, label, quiet = true) {
    return button(label, () => this.#try(this.api.about(person.id, deed)), { quiet, about: person.name });
  }

  #endRole(person) {
    const sure = `${person.name} leaves the stage and shares in no ticket that is sold from now on. End their co-hosting?`;
    const act = () => confirm(sure) && this.#try(this.api.about(person.id, "end-cohosting"));
    return button("End co-hosting", act, { about: person.name });
  }

  #try(asked) {
    asked.catch((error) => this.say(error.isRefusal ? error.message : "That did not work. Try again."));
  }

  #one(name) {
    return this.root.querySelector(`[data-hosts-${name}]`);
  }
}
