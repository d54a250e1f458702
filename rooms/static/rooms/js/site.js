// Small comforts. Every page works without them: menus that close, times in the reader's own zone.
(() => {
  "use strict";

  const menus = () => document.querySelectorAll("details.menu[open]");

  document.addEventListener("click", (event) => {
    for (const menu of menus()) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of menus()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  const withTime = new Intl.DateTimeFormat("en-GB", {
    weekday: "short", day: "numeric", month: "short", year: "numeric",
    hour: "2-digit", minute: "2-digit", timeZoneName: "short",
  });
  const localise = (root) => {
    for (const element of root.querySelectorAll('time[data-show="time"]')) {
      const moment = new Date(element.dateTime);
      if (Number.isNaN(moment.getTime())) continue;
      element.title = element.textContent;
      element.textContent = withTime.format(moment);
      element.removeAttribute("data-show");
    }
  };
  document.addEventListener("DOMContentLoaded", () => {
    localise(document);
    // On a phone the tab of this page may lie beyond the edge.
    const tab = document.querySelector(".tabs [aria-current]");
    if (tab) tab.parentElement.scrollLeft = tab.offsetLeft - tab.parentElement.offsetLeft - 16;
  });
  document.addEventListener("htmx:load", (event) => localise(event.detail.elt));
})();
