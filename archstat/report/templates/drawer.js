"use strict";
// Draws diagrams with elkjs, beside a page as its worker, or in an engine without a page. elkjs, which is written for a
// worker, answers by messages; here it answers at once.
const archstatDrawer = (() => {
  const ask = self.onmessage, tell = self.postMessage.bind(self);
  let answer;
  self.postMessage = (message) => { answer = message; };
  ask({ data: { id: 0, cmd: "register", algorithms: ["layered"] } });

  function layOut(graph) {
    ask({ data: { id: 1, cmd: "layout", graph, layoutOptions: {}, options: {} } });
    if (answer.error) throw new Error(answer.error.message || "elkjs found no layout");
    return answer.data;
  }

  const partsOf = (data, state, title, colours) =>
    archstatDiagram.drawn(data, state, title, (name) => (colours ? colours[name] : `var(--${name})`), layOut);
  const drawn = (...given) => partsOf(...given).join("");

  let contents = {};
  self.onmessage = ({ data: { id, known, name, state } }) => {
    if (known) { contents = JSON.parse(known); return; }
    const { data, title } = contents[name];
    try {
      tell({ id, parts: partsOf(data, state, title, null) });
    } catch (error) {
      tell({ id, error: String(error) });
    }
  };

  return { drawn };
})();
