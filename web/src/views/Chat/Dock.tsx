/*
 * The foot of the chat, which sticks to the end of the screen: what has the focus does not hide behind it.
 */
import { useLayoutEffect, useRef, type ReactNode } from "react";

/* Between it and what has the focus. */
const ROOM_PX = 16;

export function Dock({ children }: { children: ReactNode }) {
    const element = useRef<HTMLDivElement>(null);
    useLayoutEffect(() => {
        const { current } = element;
        if (!current) return undefined;
        const { style } = document.documentElement;
        const look = (): void => {
            const { position, bottom } = getComputedStyle(current);
            const sticks = position === "sticky";
            style.scrollPaddingBottom = sticks ? `${current.offsetHeight + parseFloat(bottom) + ROOM_PX}px` : "";
        };
        look();
        const observer = new ResizeObserver(look);
        observer.observe(current);
        window.addEventListener("resize", look);
        return () => {
            observer.disconnect();
            window.removeEventListener("resize", look);
            style.scrollPaddingBottom = "";
        };
    }, []);
    return (
        <div className="dock" ref={element}>
            {children}
        </div>
    );
}
