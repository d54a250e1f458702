// Choose the host's own time zone to begin with; without this the form starts at UTC.
(() => {
  "use strict";
  const select = document.querySelector("#id_timezone");
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const untouched = select && select.value === "UTC" && !document.querySelector("[aria-invalid]");
  if (untouched && zone && [...select.options].some((option) => option.value === zone)) select.value = zone;
})();
