// What a public page gains with JavaScript; without it, everything can still be read.

// The reader's own time beside the newsroom's, where they differ.
for (const element of document.querySelectorAll("time[data-local]")) {
  const moment = new Date(element.dateTime);
  const written = element.dateTime.match(/([+-])(\d\d):(\d\d)$/);
  const ours = written ? (written[1] === "-" ? 1 : -1) * (60 * written[2] + +written[3]) : 0;
  if (moment.getTimezoneOffset() === ours) continue;
  const local = new Intl.DateTimeFormat("en-GB", {
    day: "numeric", month: "long", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
  }).format(moment);
  element.title = `For you: ${local}`;
  element.insertAdjacentHTML("afterend", ' <span class="quiet"></span>');
  element.nextElementSibling.textContent = `(${local})`;
}

// A quotation with its speaker, title and source, ready to paste.
for (const place of document.querySelectorAll("[data-copy]")) {
  const quotation = document.getElementById(place.dataset.copy);
  const button = document.createElement("button");
  button.type = "button";
  button.lang = "en";
  button.textContent = "Copy quotation";
  button.addEventListener("click", async () => {
    const paragraphs = [...quotation.querySelectorAll("blockquote p")].map((p) => {
      const printed = p.cloneNode(true); // without footnotes, and what we say since of the people in it
      printed.querySelectorAll(".since, .note").forEach((note) => note.remove());
      printed.querySelectorAll("br").forEach((end) => end.replaceWith("\n"));
      return printed.textContent.replace(/ +/g, " ").trim();
    });
    const said = quotation.querySelector(".said-by").innerText.split("\n")[0];
    const page = document.querySelector("link[rel=canonical]")?.href ?? location.href;
    // Before the lift, a copy says so, and leads nobody to an address.
    const source = document.body.dataset.warning ?? place.dataset.source ?? page;
    try {
      await navigator.clipboard.writeText(`${paragraphs.join("\n\n")}\n\n– ${said}\n${source}`);
      button.textContent = "Copied";
    } catch { // the browser refuses it without a permission, and over plain HTTP
      button.textContent = "Not copied: select the words and copy them";
    }
    setTimeout(() => (button.textContent = "Copy quotation"), 2000);
  });
  place.replaceWith(button);
}
