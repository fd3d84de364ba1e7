/*
 * What happens when a notice arrives, as this device wants it: a pop-up, a sound, both or neither.
 */
import { useEffect } from "react";
import { chime } from "../../hooks/chime.ts";
import { useArrivedNotice } from "../../hooks/useNotices.ts";
import { useDevicePreferences } from "../../hooks/useDevicePreferences.ts";
import { Toast } from "../Toast/Toast.tsx";

export function Arrivals() {
    const { notice, close } = useArrivedNotice();
    const { toasts, sounds } = useDevicePreferences();
    const id = notice?.id;

    useEffect(() => {
        /* Of several tabs only the one that is seen sounds. */
        if (id && sounds && document.visibilityState === "visible") void chime();
        /* Turning sounds on is no arrival. */
    }, [id]);

    useEffect(() => {
        /* Pop-ups that are turned on later do not show what came long before. */
        if (id && !toasts) close();
    }, [id, toasts, close]);

    return toasts ? <Toast /> : null;
}
