// The mask that is painted by hand over a style, by a pointer or by keys: white is lettering.
"use strict";

const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

class Mask extends HTMLElement {
  connectedCallback() {
    this.dialog = this.querySelector("dialog");
    this.board = this.querySelector("canvas");
    this.brush = this.querySelector("[type=range]");
    this.said = this.querySelector(".said");
    this.where = this.querySelector(".where");
    const at = (name, does) => this.querySelector(name)?.addEventListener("click", does);
    at(".open", () => this.open());
    at(".close", () => this.dialog.close());
    at(".wipe", () => this.fill());
    at(".use", () => this.use());
    this.board.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      this.board.setPointerCapture(event.pointerId);
      this.board.focus({ focusVisible: false, preventScroll: true });
      this.byKeys = false;
      this.stroke(null, this.under(event));
    });
    this.board.addEventListener("pointermove", (event) => {
      if (this.board.hasPointerCapture(event.pointerId)) this.stroke(this.at, this.under(event));
    });
    this.board.addEventListener("keydown", (event) => this.keyed(event));
    this.board.addEventListener("focus", () => {
      this.byKeys = this.board.matches(":focus-visible");
      this.render();
    });
    this.board.addEventListener("blur", () => {
      this.byKeys = false;
      this.render();
    });
    this.brush.addEventListener("input", () => this.render());
  }

  async open() {
    const load = async (address) => {
      const image = new Image();
      image.src = address;
      await image.decode();
      return image;
    };
    this.image = await load(this.dataset.image);
    const ink = this.dataset.ink ? await load(this.dataset.ink) : null;
    const { naturalWidth: width, naturalHeight: height } = this.image;
    Object.assign(this.board, { width, height });
    this.at = [width / 2, height / 2];
    this.mask = new OffscreenCanvas(width, height);
    this.fill();
    if (ink) this.mask.getContext("2d").drawImage(ink, 0, 0, width, height);
    this.where.textContent = "";
    this.dialog.showModal();
    this.render();
  }

  fill() {
    const context = this.mask.getContext("2d");
    context.fillStyle = "black";
    context.fillRect(0, 0, this.mask.width, this.mask.height);
    this.render();
  }

  // The image, dimmed where the mask is black; round the place of the keys a ring, dark and light.
  render() {
    if (!this.mask) return;
    const context = this.board.getContext("2d");
    context.globalCompositeOperation = "source-over";
    context.drawImage(this.image, 0, 0, this.board.width, this.board.height);
    context.globalCompositeOperation = "multiply";
    context.globalAlpha = 0.75;
    context.drawImage(this.mask, 0, 0);
    context.globalAlpha = 1;
    if (!this.byKeys) return;
    context.globalCompositeOperation = "source-over";
    for (const [colour, width] of [["black", 4], ["white", 1.5]]) {
      context.strokeStyle = colour;
      context.lineWidth = width * this.scale();
      context.beginPath();
      context.arc(...this.at, this.size() / 2, 0, 2 * Math.PI);
      context.stroke();
    }
  }

  // Pixels of the image for one of the page; the image keeps its shape within the canvas.
  scale() {
    const { clientWidth, clientHeight } = this.board;
    return Math.max(this.board.width / (clientWidth || 1), this.board.height / (clientHeight || 1));
  }

  size() {
    return Number(this.brush.value) * this.scale();
  }

  under(event) {
    const box = this.board.getBoundingClientRect();
    const scale = this.scale();
    return [
      this.board.width / 2 + (event.clientX - box.left - box.width / 2) * scale,
      this.board.height / 2 + (event.clientY - box.top - box.height / 2) * scale,
    ];
  }

  // From a point to another; a dot where it comes from nowhere.
  stroke(from, to) {
    const context = this.mask.getContext("2d");
    const adds = this.querySelector("[name=mode]:checked").value === "add";
    context.fillStyle = context.strokeStyle = adds ? "white" : "black";
    context.lineWidth = this.size();
    context.lineCap = "round";
    context.beginPath();
    if (from) context.moveTo(...from);
    context.lineTo(...to);
    context.stroke();
    // A line of no length has no caps.
    context.beginPath();
    context.arc(...to, this.size() / 2, 0, 2 * Math.PI);
    context.fill();
    this.at = to;
    this.render();
  }

  // Arrows move, with Shift they paint; Space and Enter paint a dot, brackets change the size.
  keyed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const way = WAYS[event.key];
    if (way) {
      const step = Math.max(1, this.size() / 2);
      const most = [this.board.width, this.board.height];
      const to = this.at.map((each, axis) =>
        Math.min(most[axis], Math.max(0, each + way[axis] * step)),
      );
      if (event.shiftKey) this.stroke(this.at, to);
      else this.at = to;
    } else if (event.key === " " || event.key === "Enter") this.stroke(null, this.at);
    else if (event.key === "[") this.brush.value = Number(this.brush.value) - 4;
    else if (event.key === "]") this.brush.value = Number(this.brush.value) + 4;
    else return;
    event.preventDefault();
    this.byKeys = true;
    this.render();
    this.tell();
  }

  // Where the keys stand, for those who do not see it.
  tell() {
    const [x, y] = [this.at[0] / this.board.width, this.at[1] / this.board.height];
    const pixel = this.at.map((each, axis) =>
      Math.min([this.mask.width, this.mask.height][axis] - 1, Math.floor(each)),
    );
    const white = this.mask.getContext("2d").getImageData(...pixel, 1, 1).data[0] > 127;
    const { says, white: yes, black: no } = this.where.dataset;
    this.where.textContent = says
      .replace("{x}", Math.round(100 * x))
      .replace("{y}", Math.round(100 * y))
      .replace("{size}", this.brush.value)
      .replace("{what}", white ? yes : no);
  }

  async use() {
    const file = await this.mask.convertToBlob({ type: "image/png" });
    const { refused } = await send(`/api/runs/${this.dataset.run}/style_mask`, file, "mask.png");
    this.said.hidden = refused === undefined;
    this.said.textContent = refused ?? "";
    if (refused === undefined) {
      this.dialog.close();
      this.dispatchEvent(new CustomEvent("taken", { bubbles: true }));
    }
  }
}
customElements.define("jx-mask", Mask);
