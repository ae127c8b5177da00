// A diagram on a page: boxes open and close, and what is shown of them is chosen. The page comes with the picture of
// the beginning, so that it can be read before, and without, any of this.
(() => {
  const figures = [...document.querySelectorAll("figure.diagram")];
  const states = new Map();
  let known, worker, asked = 0;
  const waiting = new Map();

  async function content(figure) {
    known ??= archstatPage.unpacked("diagrams").then(JSON.parse);
    return (await known)[figure.id];
  }

  // elkjs, and what draws, work beside the page, which stays as quick as it was, however large the network is.
  async function startWorker() {
    const script = new Blob([await archstatPage.unpacked("library-elk")], { type: "text/javascript" });
    const made = new Worker(URL.createObjectURL(script));
    made.onmessage = ({ data }) => {
      waiting.get(data.id)?.(data);
      waiting.delete(data.id);
    };
    made.postMessage({ known: await archstatPage.unpacked("diagrams") });
    return made;
  }

  async function drawn(name, state) {
    worker ??= startWorker();
    const id = asked++;
    const answer = new Promise((resolve) => waiting.set(id, resolve));
    (await worker).postMessage({ id, name, state });
    const { parts, error } = await answer;
    if (error) throw new Error(error);
    return parts;
  }

  // A large picture is put in part by part, and the page answers in between; no longer than it is wanted.
  async function put(place, [head, ...parts], isWanted) {
    let since = performance.now();
    place.innerHTML = head + parts.pop();
    const whole = place.querySelector("svg > g");
    for (const part of parts) {
      if (performance.now() - since > BUSY_MS) {
        await new Promise((answered) => setTimeout(answered));
        if (!isWanted()) return;
        since = performance.now();
      }
      const made = document.createElementNS(whole.namespaceURI, "g");
      made.innerHTML = part;
      whole.append(...made.childNodes);
    }
  }

  const BUSY_MS = 40;

  async function draw(figure, focus) {
    const state = states.get(figure);
    const turn = (state.turn = (state.turn || 0) + 1);
    const isWanted = () => turn === state.turn; // until somebody clicks on
    figure.setAttribute("aria-busy", "true");
    try {
      const parts = await drawn(figure.id, state);
      if (isWanted()) await show(figure.querySelector(".drawing"), parts, focus, isWanted);
    } finally { // whatever failed, the picture that is there can be read
      if (isWanted()) figure.removeAttribute("aria-busy");
    }
  }

  async function show(place, parts, focus, isWanted) {
    const before = standing(place, focus);
    await put(place, parts, isWanted);
    if (!isWanted()) return;
    handleIn(place, focus)?.focus({ preventScroll: true });
    const after = standing(place, focus);
    place.scrollBy(after.left - before.left, after.top - before.top);
  }

  const handleIn = (place, box) => place.querySelector(`[role=button][data-box="${box}"], [role=button][data-of="${box}"]`);

  // Where the box that was clicked, or else the first one, is on the page: it is to stay there.
  const standing = (place, box) => (handleIn(place, box) || place.querySelector(".box") || place).getBoundingClientRect();

  // A narrow page shows where data comes in, and not the left edge.
  function showFirst(place) {
    const box = standing(place), frame = place.getBoundingClientRect();
    place.scrollLeft += (box.left + box.right - frame.left - frame.right) / 2;
  }

  function toggle(figure, target) {
    const handle = target.closest?.("[role=button]");
    if (!handle) return false;
    const state = states.get(figure), place = Number(handle.dataset.of ?? handle.dataset.box);
    state.open = state.open.includes(place) ? state.open.filter((each) => each !== place) : [...state.open, place];
    draw(figure, place);
    return true;
  }

  for (const figure of figures) {
    const { show, open, direction, wrapped, ratio } = figure.dataset;
    states.set(figure, { show, open: JSON.parse(open), direction, isWrapped: JSON.parse(wrapped), ratio: Number(ratio), canOpen: true });
    const drawing = figure.querySelector(".drawing");
    showFirst(drawing);
    drawing.addEventListener("click", (event) => toggle(figure, event.target));
    drawing.addEventListener("keydown", (event) => {
      if ((event.key === "Enter" || event.key === " ") && toggle(figure, event.target)) event.preventDefault();
    });
    const shows = [...figure.querySelectorAll("[data-shows]")];
    for (const button of shows) button.addEventListener("click", () => {
      states.get(figure).show = button.dataset.shows;
      shows.forEach((each) => each.setAttribute("aria-pressed", String(each === button)));
      draw(figure);
    });
    for (const button of figure.querySelectorAll("[data-levels]")) button.addEventListener("click", async () => {
      const { data } = await content(figure);
      const state = states.get(figure), depth = (place) => (place < 0 ? -1 : depth(data.boxes[place].in) + 1);
      const deepest = Math.max(-1, ...state.open.map(depth)) + Number(button.dataset.levels);
      state.open = data.boxes.flatMap((box, place) => (box.hasParts && depth(place) <= deepest ? [place] : []));
      draw(figure);
    });
  }
})();
