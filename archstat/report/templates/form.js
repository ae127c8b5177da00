
// -- a worksheet: what is typed goes into a file that archstat marks; the page knows no solution

(() => {
  const text = JSON.parse(document.getElementById("sheet-text").textContent);
  const name = {{ say("Name:") | tojson }}; // the line of the file for it
  const who = document.getElementById("who");
  const fields = [...document.querySelectorAll("input[data-blank]")];
  const save = document.getElementById("save-answers");
  const print = document.getElementById("print-sheet");
  const told = document.getElementById("answered");
  const plain = (value) => value.replace(/[\\|`<>\s]+/g, " ").trim(); // what would end a cell, or begin another thing

  function count() {
    const answered = fields.filter((field) => field.value.trim()).length;
    told.textContent = {{ say("{answered} of {count} answered") | tojson }}
      .replace("{answered}", answered)
      .replace("{count}", fields.length);
  }

  function filled() {
    const answers = new Map(fields.map((field) => [field.dataset.blank, plain(field.value)]));
    return text
      .replace(/\((\d+)\)(?= \|)/g, (cell, number) => (answers.get(number) ? `${cell} ${answers.get(number)}` : cell))
      .replace(`\n${name}\n`, () => `\n${`${name} ${plain(who.value)}`.trim()}\n`);
  }

  save.addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([filled()], { type: "text/markdown" }));
    link.download = save.dataset.file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  });
  print.addEventListener("click", () => window.print());
  addEventListener("input", count);
  addEventListener("pageshow", count); // a browser may put back what was typed before
  save.hidden = print.hidden = false;
  count();
})();
