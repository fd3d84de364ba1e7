/*
 * A hand that shakes taps twice. The second tap on a button that does something (data-once) goes nowhere, also when
 * something else stands there by then: the like stays, and what took a pressed button's place is not pressed with it.
 * A key that is held down presses once.
 */

/* As long as the slowest double-click that systems let their users choose. */
export const DOUBLE_TAP_MS = 500;
/* About a fingertip. */
export const DOUBLE_TAP_PX = 40;

export interface Tap {
    atMs: number;
    x: number;
    y: number;
    /* By a key: then it has no place. */
    key: boolean;
    /* On a button that does something. */
    once: boolean;
}

export interface Taps {
    /* Whether this is the second of two. Of many in a row all but the first are. */
    isSecond(tap: Tap): boolean;
    /* Something else came between, such as another key. */
    reset(): void;
}

export function createTaps(): Taps {
    let last: Tap | null = null;
    return {
        isSecond: (tap) => {
            const near = last !== null && (tap.key || Math.hypot(tap.x - last.x, tap.y - last.y) <= DOUBLE_TAP_PX);
            const again = last !== null && near && tap.key === last.key && tap.atMs - last.atMs < DOUBLE_TAP_MS;
            last = again && last ? { ...last, atMs: tap.atMs } : tap.once ? tap : null;
            return again;
        },
        reset: () => {
            last = null;
        },
    };
}

const isOnce = (target: EventTarget | null): boolean =>
    target instanceof Element && target.closest("[data-once]") !== null;

export function startTaps(): void {
    const taps = createTaps();
    const swallow = (event: Event): void => {
        event.preventDefault();
        event.stopPropagation();
    };
    document.addEventListener(
        "click",
        (event) => {
            /* A program that presses a button means it. */
            if (!event.isTrusted) return;
            const { timeStamp: atMs, clientX: x, clientY: y, detail, target } = event;
            if (taps.isSecond({ atMs, x, y, key: detail === 0, once: isOnce(target) })) swallow(event);
        },
        true,
    );
    document.addEventListener(
        "keydown",
        (event) => {
            const presses = event.key === "Enter" || event.key === " ";
            if (!presses) taps.reset();
            else if (event.repeat && event.target instanceof HTMLButtonElement) swallow(event);
        },
        true,
    );
}
