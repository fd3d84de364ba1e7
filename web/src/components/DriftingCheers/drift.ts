/*
 * The way of a cheer: up, a little from side to side, and away before the longest that anything may move is over.
 */
import { animate } from "motion/mini";

const SECONDS = 4.2;

export function drift(element: HTMLElement): () => void {
    const way = [
        "translate(0, 0) scale(0.6)",
        "translate(0.6rem, -12vh) scale(1.1)",
        "translate(-0.7rem, -34vh) scale(1)",
        "translate(0.5rem, -54vh) scale(1)",
        "translate(-0.3rem, -70vh) scale(0.95)",
    ];
    const moving = animate(
        element,
        { transform: way, opacity: [0, 1, 1, 1, 0] },
        { duration: SECONDS, ease: "easeOut", times: [0, 0.15, 0.5, 0.8, 1] },
    );
    return () => moving.stop();
}
