// Formats the card fields as they are typed, fills in a test card, and keeps a second press from paying twice.
const form = document.querySelector("#pay");
const digits = (text) => text.replace(/\D/g, "");
const number = form.elements.number;
const expiry = form.elements.exp;
number.addEventListener("input", () => {
  const raw = digits(number.value).slice(0, 16);
  const groups = /^3[47]/.test(raw) ? raw.match(/^(\d{1,4})(\d{1,6})?(\d{1,5})?/) : raw.match(/(\d{1,4})(\d{1,4})?(\d{1,4})?(\d{1,4})?/);
  number.value = groups ? groups.slice(1).filter(Boolean).join(" ") : "";
});
expiry.addEventListener("input", () => {
  const raw = digits(expiry.value).slice(0, 4);
  expiry.value = raw.length > 2 ? `${raw.slice(0, 2)} / ${raw.slice(2)}` : raw;
});
form.elements.cvc.addEventListener("input", (event) => { event.target.value = digits(event.target.value).slice(0, 4); });
for (const button of document.querySelectorAll("[data-card]")) {
  button.addEventListener("click", () => {
    number.value = button.dataset.card;
    expiry.value ||= "12 / 34";
    form.elements.cvc.value ||= "123";
    form.elements.name.value ||= "Linus Listener";
    form.querySelector("button[type=submit]").focus();
  });
}
form.addEventListener("submit", () => {
  const button = form.querySelector("button[type=submit]");
  setTimeout(() => { button.disabled = true; button.textContent = "Processing…"; }, 0);
});
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
