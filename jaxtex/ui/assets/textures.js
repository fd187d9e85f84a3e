// What the search for textures needs of the browser: pointing, keys, dragging, dialogs.
"use strict";

const HOLD = 500;
const LABEL = "text/x-jaxtex-label";
const KEPT = "text/x-jaxtex-kept";

function tell(element, name, detail) {
  element.dispatchEvent(new CustomEvent(name, { detail, bubbles: false }));
}

// Shows a texture beside the wall, large and as a surface.
function pointAt(cell) {
  const lens = document.querySelector(".lens");
  if (!lens || !cell?.dataset.src) return;
  lens.removeAttribute("data-empty");
  lens.style.setProperty("--texture", `url("${cell.dataset.src}")`);
  lens.querySelector(".name").textContent = cell.dataset.label ?? cell.dataset.kept ?? "";
}
document.addEventListener("pointerover", (event) => {
  if (event.pointerType !== "touch") pointAt(event.target.closest?.("[data-src]"));
});
document.addEventListener("focusin", (event) => pointAt(event.target.closest?.("[data-src]")));

function openDialog(id) {
  const dialog = document.getElementById(id);
  if (dialog && !dialog.open) dialog.showModal();
}
function closeDialog(id) {
  document.getElementById(id)?.close();
}
document.addEventListener("click", (event) => {
  if (event.target instanceof HTMLDialogElement) event.target.close();
});

// Buttons with textures: one of them is reached by Tab, the others from there by arrows.
class Cells extends HTMLElement {
  connectedCallback() {
    this.addEventListener("keydown", (event) => this.keyed(event));
    this.addEventListener("focusin", (event) => this.hold(event.target.closest(".cell")));
    this.addEventListener("click", (event) => this.clicked(event));
    this.addEventListener("pointerdown", (event) => this.pressed(event));
    for (const name of ["pointerup", "pointercancel", "pointerleave"]) {
      this.addEventListener(name, () => clearTimeout(this.timer));
    }
    this.addEventListener("contextmenu", (event) => {
      const cell = event.target.closest(".cell");
      if (!cell) return;
      event.preventDefault();
      clearTimeout(this.timer);
      this.lookAt(cell);
    });
    this.addEventListener("dragstart", (event) => this.dragged(event));
    this.watcher = new MutationObserver(() => this.rove());
    this.watcher.observe(this, { childList: true, subtree: true });
    this.rove();
  }

  disconnectedCallback() {
    this.watcher.disconnect();
    clearTimeout(this.timer);
  }

  cells() {
    return [...this.querySelectorAll(".cell")].filter((cell) => cell.offsetParent !== null);
  }

  rove() {
    const cells = [...this.querySelectorAll(".cell")];
    if (!cells.some((cell) => cell.tabIndex === 0 && cell === this.held)) this.held = cells[0];
    for (const cell of cells) cell.tabIndex = cell === this.held ? 0 : -1;
  }

  hold(cell) {
    if (!cell) return;
    this.held = cell;
    this.rove();
  }

  name(cell) {
    return cell.dataset.label ?? cell.dataset.kept;
  }

  lookAt(cell) {
    this.silent = true;
    setTimeout(() => (this.silent = false), 400);
    tell(this, "lookat", this.name(cell));
  }

  pressed(event) {
    const cell = event.target.closest(".cell");
    clearTimeout(this.timer);
    if (cell && event.pointerType === "touch") {
      this.timer = setTimeout(() => this.lookAt(cell), HOLD);
    }
  }

  clicked(event) {
    const cell = event.target.closest(".cell");
    if (!cell) return;
    if (this.silent) event.preventDefault();
    else if (this.hasAttribute("data-fixed")) this.lookAt(cell);
    else this.chosen(cell);
  }

  keyed(event) {
    const cell = event.target.closest(".cell");
    if (!cell || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter") {
      event.preventDefault();
      this.lookAt(cell);
      return;
    }
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const way = ways[event.key];
    if (!way) return;
    event.preventDefault();
    this.nearest(cell, way)?.focus();
  }

  // The nearest cell on that side; straight ways count for more than oblique ones.
  nearest(cell, [x, y]) {
    const middle = (each) => {
      const box = each.getBoundingClientRect();
      return [box.x + box.width / 2, box.y + box.height / 2];
    };
    const [fromX, fromY] = middle(cell);
    let best;
    let least = Infinity;
    for (const each of this.cells()) {
      if (each === cell) continue;
      const [toX, toY] = middle(each);
      const ahead = (toX - fromX) * x + (toY - fromY) * y;
      const aside = Math.abs((toX - fromX) * y) + Math.abs((toY - fromY) * x);
      const length = ahead + 2.5 * aside;
      if (ahead > 4 && length < least) [best, least] = [each, length];
    }
    return best;
  }

  dragged(event) {
    const cell = event.target.closest(".cell");
    if (!cell) return;
    const kind = cell.dataset.kept ? KEPT : LABEL;
    event.dataTransfer.setData(kind, this.name(cell));
    event.dataTransfer.effectAllowed = "copyMove";
    const image = cell.querySelector("img");
    if (image) event.dataTransfer.setDragImage(image, 24, 24);
  }
}

// The textures of a round.
class Wall extends Cells {
  connectedCallback() {
    super.connectedCallback();
    this.keys = (event) => this.anywhere(event);
    document.addEventListener("keydown", this.keys);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    document.removeEventListener("keydown", this.keys);
  }

  chosen(cell) {
    tell(this, "pick", cell.dataset.label);
  }

  // A letter is the most typical texture of its group, the full stop the far one.
  anywhere(event) {
    const busy = event.target.closest?.("input, select, textarea, dialog[open]");
    if (this.hasAttribute("data-fixed") || busy || document.querySelector("dialog[open]")) return;
    const press = (name) => document.querySelector(`[data-key="${name}"]:not([disabled])`)?.click();
    if (event.ctrlKey || event.metaKey) {
      if (event.key === "Enter") press("step");
      else if (event.key === "z") press("undo");
      else return;
      event.preventDefault();
      return;
    }
    if (event.altKey) return;
    if (event.key === "0") press("none");
    const which = event.key === "." ? '[data-letter="far"]' : `[data-letter="${event.key}"][data-typical]`;
    if (event.key === "." || /^[a-z]$/.test(event.key)) {
      const cell = this.querySelector(which);
      if (cell) {
        event.preventDefault();
        cell.focus();
        this.chosen(cell);
      }
    }
  }
}
customElements.define("jx-wall", Wall);

// The tray: one texture dragged onto another asks for what lies between; from a wall it is kept.
class Tray extends Cells {
  connectedCallback() {
    super.connectedCallback();
    for (const name of ["dragenter", "dragover"]) {
      this.addEventListener(name, (event) => this.over(event));
    }
    this.addEventListener("dragleave", () => this.mark(null));
    this.addEventListener("drop", (event) => this.dropped(event));
  }

  chosen(cell) {
    tell(this, "choose", cell.dataset.kept);
  }

  over(event) {
    const kinds = event.dataTransfer.types;
    const target = event.target.closest(".cell");
    if (kinds.includes(LABEL)) this.mark(this);
    else if (kinds.includes(KEPT) && target) this.mark(target);
    else return;
    event.preventDefault();
  }

  mark(element) {
    for (const each of [this, ...this.querySelectorAll("[data-over]")]) {
      each.toggleAttribute("data-over", each === element);
    }
    element?.toggleAttribute("data-over", true);
  }

  dropped(event) {
    this.mark(null);
    const label = event.dataTransfer.getData(LABEL);
    const kept = event.dataTransfer.getData(KEPT);
    const target = event.target.closest(".cell");
    if (label) tell(this, "keep", label);
    else if (kept && target && target.dataset.kept !== kept) {
      tell(this, "join", [kept, target.dataset.kept]);
    } else return;
    event.preventDefault();
  }
}
customElements.define("jx-tray", Tray);
