/*
 * Text size, colours and motion, as this device has chosen them.
 */
import { useSyncExternalStore } from "react";
import { currentTheme, watchTheme, type Theme } from "../theme/theme.ts";

export function useTheme(): Theme {
    return useSyncExternalStore(watchTheme, currentTheme);
}
