/*
 * The endpoints of Web Push: which of the member's devices are told while the app is closed, and when.
 */
import type { Requester } from "./request.ts";
import type { PushDevice, PushSettings } from "./types.ts";

export interface PushApi {
    push(): Promise<PushSettings>;
    addPushDevice(device: PushDevice, idempotencyKey: string): Promise<PushSettings>;
    /* What is left out stays as it is. */
    updatePush(change: Partial<Pick<PushSettings, "onlyPins" | "quietHours">>): Promise<PushSettings>;
    /* May be sent while the page closes. */
    removePushDevice(endpoint: string): Promise<PushSettings>;
}

export function createPushApi(request: Requester): PushApi {
    const data = async <T>(...asked: Parameters<Requester>): Promise<T> => (await request<T>(...asked)).data;
    return {
        push: () => data("/me/push"),
        addPushDevice: (body, idempotencyKey) => data("/me/push", { method: "POST", body, idempotencyKey }),
        updatePush: (body) => data("/me/push", { method: "PUT", body }),
        removePushDevice: (endpoint) => data("/me/push", { method: "DELETE", body: { endpoint }, keepalive: true }),
    };
}
