/*
 * How this device tells its reader of new notices: by a pop-up, by a soft sound. Its own choice, kept on the device.
 */
import { useSyncExternalStore } from "react";

export interface DevicePreferences {
    /* A new notice pops up. The list of notices has it either way. */
    toasts: boolean;
    sounds: boolean;
}

const STORED = "porchlight.preferences";
const FIRST: DevicePreferences = { toasts: true, sounds: false };
const watchers = new Set<() => void>();
let preferences = read();

function read(): DevicePreferences {
    try {
        const saved = (JSON.parse(localStorage.getItem(STORED) ?? "null") ?? {}) as Record<string, unknown>;
        const flag = (name: keyof DevicePreferences): boolean =>
            typeof saved[name] === "boolean" ? saved[name] : FIRST[name];
        return { toasts: flag("toasts"), sounds: flag("sounds") };
    } catch {
        /* A choice that cannot be read is no choice. */
        return FIRST;
    }
}

export function setDevicePreferences(change: Partial<DevicePreferences>): void {
    preferences = { ...preferences, ...change };
    try {
        localStorage.setItem(STORED, JSON.stringify(preferences));
    } catch {
        /* Then the choice lives as long as the page. */
    }
    watchers.forEach((it) => it());
}

/* What another tab of this device has chosen. */
function follow(event: StorageEvent): void {
    if (event.key !== STORED) return;
    preferences = read();
    watchers.forEach((it) => it());
}

export function useDevicePreferences(): DevicePreferences {
    return useSyncExternalStore(
        (changed) => {
            if (watchers.size === 0) window.addEventListener("storage", follow);
            watchers.add(changed);
            return () => {
                watchers.delete(changed);
                if (watchers.size === 0) window.removeEventListener("storage", follow);
            };
        },
        () => preferences,
    );
}
