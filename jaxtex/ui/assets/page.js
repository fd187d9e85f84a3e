// The elements of the page that need a hand in the browser. Nothing is fetched from elsewhere.
"use strict";

// Sends a file to the server, which looks at it: {} where it was taken, {refused} where not.
async function send(address, file, name) {
  const query = new URLSearchParams({ name: name || file.name || "image.png" });
  try {
    const answer = await fetch(`${address}?${query}`, { method: "PUT", body: file });
    const said = await answer.json();
    return answer.ok ? {} : { refused: said.refused || said.detail || answer.statusText };
  } catch {
    return { refused: null };
  }
}

// A place that takes files: dropped, pasted or chosen. Inside it lie a hidden file input and an
// element `.said` for what goes wrong, which has the words in data-reading and data-failed.
class Drop extends HTMLElement {
  connectedCallback() {
    this.input = this.querySelector("input[type=file]");
    this.said = this.querySelector(".said");
    this.querySelector("button.choose")?.addEventListener("click", () => this.input.click());
    this.input.addEventListener("change", () => this.take([...this.input.files]));
    this.addEventListener("dragenter", (event) => this.over(event, true));
    this.addEventListener("dragover", (event) => this.over(event, true));
    this.addEventListener("dragleave", (event) => this.over(event, false));
    this.addEventListener("drop", (event) => {
      this.over(event, false);
      this.take([...event.dataTransfer.files]);
    });
  }

  over(event, is) {
    event.preventDefault();
    this.toggleAttribute("data-over", is);
  }

  async take(files) {
    if (!files.length || this.hasAttribute("aria-busy")) return;
    this.setAttribute("aria-busy", "true");
    const several = this.hasAttribute("data-several");
    for (const file of several ? files : files.slice(0, 1)) {
      const words = (pattern) => pattern.replace("{name}", file.name);
      this.tell(words(this.said.dataset.reading), false);
      const { run, role, to } = this.dataset;
      const { refused } = await send(to ?? `/api/runs/${run}/${role}`, file);
      if (refused === undefined) this.tell("", false);
      else {
        this.tell(refused ?? words(this.said.dataset.failed), true);
        break;
      }
    }
    this.removeAttribute("aria-busy");
    this.input.value = "";
    this.dispatchEvent(new CustomEvent("taken", { bubbles: true }));
  }

  tell(words, bad) {
    this.said.textContent = words;
    this.said.hidden = !words;
    this.said.classList.toggle("refused", bad);
  }
}
customElements.define("jx-drop", Drop);

// What is pasted goes where something is missing; a picture copied elsewhere has no name.
document.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  const places = [...document.querySelectorAll("jx-drop")];
  const place = places.find((each) => each.hasAttribute("data-missing")) ?? places.at(-1);
  if (files.length && place) {
    event.preventDefault();
    place.take(files);
  }
});
// A file that misses its place does not replace the page.
for (const name of ["dragover", "drop"]) {
  document.addEventListener(name, (event) => event.preventDefault());
}

// Two pictures of one shape, one over the other, with a slider between them, zoom and grounds.
class Compare extends HTMLElement {
  static observedAttributes = ["data-before", "data-after", "data-ground", "data-zoom"];

  connectedCallback() {
    if (!this.view) this.make();
    this.render();
  }

  attributeChangedCallback() {
    if (this.view) this.render();
  }

  make() {
    const make = (tag, name) => Object.assign(document.createElement(tag), { className: name });
    this.view = make("div", "view");
    this.view.tabIndex = 0;
    this.view.role = "group";
    this.view.ariaLabel = this.dataset.name;
    this.canvas = make("div", "canvas");
    this.after = make("img", "after");
    this.before = make("img", "before");
    this.edge = make("div", "edge");
    this.after.alt = this.dataset.afterSays;
    this.before.alt = this.dataset.beforeSays;
    this.slider = make("input", "slider");
    Object.assign(this.slider, { type: "range", min: 0, max: 100, step: 1, value: 0 });
    this.slider.ariaLabel = this.dataset.sliderSays;
    this.slider.addEventListener("input", () => this.cut());
    this.canvas.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "mouse" && event.button === 0 && !this.before.hidden) {
        event.preventDefault();
        this.canvas.setPointerCapture(event.pointerId);
        this.drag(event);
      }
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (this.canvas.hasPointerCapture(event.pointerId)) this.drag(event);
    });
    this.canvas.append(this.after, this.before, this.edge);
    this.view.append(this.canvas);
    this.append(this.view, this.slider);
  }

  drag(event) {
    const box = this.canvas.getBoundingClientRect();
    this.slider.value = Math.round((100 * (event.clientX - box.left)) / box.width);
    this.cut();
  }

  cut() {
    const share = Number(this.slider.value);
    this.before.style.clipPath = `inset(0 ${100 - share}% 0 0)`;
    this.edge.style.left = `${share}%`;
    this.edge.hidden = share === 0 || share === 100 || this.before.hidden;
  }

  render() {
    const { before, after, ground, zoom } = this.dataset;
    this.show(this.after, after);
    this.show(this.before, before);
    this.slider.hidden = this.before.hidden;
    this.view.dataset.ground = ground || "own";
    this.canvas.style.width = `${100 * Number(zoom || 1)}%`;
    this.canvas.classList.toggle("near", Number(zoom || 1) > 2);
    this.cut();
  }

  // The new picture takes the old one's place when it is there, so that nothing flickers.
  show(image, address) {
    image.hidden = !address;
    if (!address || image.dataset.address === address) return;
    image.dataset.address = address;
    const next = new Image();
    next.onload = () => {
      if (image.dataset.address === address) image.src = address;
    };
    next.src = address;
  }
}
customElements.define("jx-compare", Compare);

// Copies the words of an element; says so on the button.
function copyWords(button, id, said) {
  const words = button.querySelector("span");
  const before = words.textContent;
  const done = () => {
    words.textContent = said;
    setTimeout(() => (words.textContent = before), 1500);
  };
  navigator.clipboard?.writeText(document.getElementById(id).textContent).then(done);
}

// A menu that is open closes when something else is clicked, or by Escape.
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.queue[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    for (const open of document.querySelectorAll("details.queue[open]")) open.open = false;
  }
});

// Has the keyboard go on there; the words of a field are there to be typed over.
function focusOn(id) {
  const element = document.getElementById(id);
  element?.focus();
  if (element instanceof HTMLInputElement) element.select();
}

// Has the browser save a file of the server.
function saveFile(address, name) {
  const link = Object.assign(document.createElement("a"), { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
}

// The address of what is on the page now, so that a reload shows it again.
function goTo(address) {
  if (location.pathname !== address) history.replaceState(history.state, "", address);
}

// The words for when the server does not answer, in the place of NiceGUI's own.
function sayOffline(title, words) {
  const [first, second] = document.querySelectorAll("#popup > span");
  first.textContent = title;
  second.textContent = words;
}
