/*
 * After a form was sent with something missing, the focus goes to the first field that something is wrong with, so that
 * a screen reader says it and one can type at once. `problems`: what is wrong, a new object with every try.
 */
import { useEffect, useRef, type RefObject } from "react";

export function useProblemFocus(...problems: unknown[]): RefObject<HTMLFormElement> {
    const form = useRef<HTMLFormElement>(null);
    useEffect(() => {
        form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
    }, problems);
    return form;
}
