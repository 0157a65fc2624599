// Additions to public pages. Without JavaScript, all content can still be read.

// The language of the site's own texts, and the messages of this script: see base.html. So pages need
// no JavaScript catalogue.
const site = document.getElementById("page-script").dataset;

// Add the reader's local time if it differs from the newsroom's time.
for (const element of document.querySelectorAll("time[data-local]")) {
  const moment = new Date(element.dateTime);
  const written = element.dateTime.match(/([+-])(\d\d):(\d\d)$/);
  const ours = written ? (written[1] === "-" ? 1 : -1) * (60 * written[2] + +written[3]) : 0;
  if (moment.getTimezoneOffset() === ours) continue;
  // Day and time are formatted separately: together, a browser writes “17 September at 18:30”, unlike
  // the time beside it.
  const write = (parts) => new Intl.DateTimeFormat(site.language, parts).format(moment);
  const day = write({ day: "numeric", month: "long" });
  const time = write({ hour: "2-digit", minute: "2-digit", timeZoneName: "short" });
  const local = `${day}, ${time}`;
  element.title = site.localTime.replace("{time}", local);
  element.insertAdjacentHTML("afterend", ' <span class="quiet"></span>');
  element.nextElementSibling.textContent = `(${local})`;
}

// Buttons that copy a quotation with its speaker, title and source.
for (const place of document.querySelectorAll("[data-copy]")) {
  const quotation = document.getElementById(place.dataset.copy);
  const button = document.createElement("button");
  button.type = "button";
  button.lang = site.language;
  button.textContent = site.copyQuotation;
  button.addEventListener("click", async () => {
    const paragraphs = [...quotation.querySelectorAll("blockquote p")].map((p) => {
      const printed = p.cloneNode(true); // without footnotes and later news about people
      printed.querySelectorAll(".since, .note").forEach((note) => note.remove());
      printed.querySelectorAll("br").forEach((end) => end.replaceWith("\n"));
      return printed.textContent.replace(/ +/g, " ").trim();
    });
    const speaker = quotation.querySelector(".said-by").innerText.split("\n")[0];
    const page = document.querySelector("link[rel=canonical]")?.href ?? location.href;
    // Under embargo, the copy contains the warning instead of an address.
    const source = document.body.dataset.warning ?? place.dataset.source ?? page;
    try {
      await navigator.clipboard.writeText(`${paragraphs.join("\n\n")}\n\n– ${speaker}\n${source}`);
      button.textContent = site.copied;
    } catch { // without permission, and over plain HTTP, browsers refuse it
      button.textContent = site.notCopied;
    }
    setTimeout(() => (button.textContent = site.copyQuotation), 2000);
  });
  place.replaceWith(button);
}
