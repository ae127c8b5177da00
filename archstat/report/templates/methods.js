
// -- the methods: a text to be pasted; where a browser keeps its clipboard from pages, it is selected

(() => {
  for (const section of document.querySelectorAll(".methods")) {
    const text = section.querySelector(".methods-text");
    const button = section.querySelector(".copy");
    const told = section.querySelector("output");
    button.hidden = false;
    button.addEventListener("click", async () => {
      const paragraphs = [...text.querySelectorAll("p")].map((each) => each.textContent);
      try {
        await navigator.clipboard.writeText(paragraphs.join("\n\n"));
        told.textContent = {{ say("Copied.") | tojson }};
      } catch {
        getSelection().selectAllChildren(text);
        told.textContent = {{ say("The text is selected: copy it from here.") | tojson }};
      }
    });
  }
})();
