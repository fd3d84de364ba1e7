/*
 * porchlight-client: the server's contract for browsers and other JavaScript programs. No React in here.
 */
export { createApi, type Api } from "./api.ts";
export { backoffMs, pollMs, retryMs } from "./backoff.ts";
export { socketUrlOf } from "./address.ts";
export {
    createChannel,
    type ChannelOptions,
    type ChannelRoom,
    type ChannelView,
    type MessageDeed,
    type MessageState,
    type ShownMessage,
} from "./channel.ts";
export { connect, type Connection, type ConnectionListener, type ConnectionState } from "./connect.ts";
export {
    createCounterWebSocket,
    isCounterEvent,
    type CounterSocketOptions,
    type CounterUpdate,
} from "./counter.ts";
export type { CounterDeed } from "./counterApi.ts";
export { createCounterFollower, type CounterFollower, type CounterFollowerOptions } from "./counterFollower.ts";
export { browserEnvironment, type Environment } from "./environment.ts";
export { PorchlightError, isUnauthenticated, mayHeal, type ErrorKind } from "./errors.ts";
export { compareIds } from "./messages.ts";
export {
    clearOutboxes,
    counterDeed,
    createOutbox,
    type Deed,
    type Outbox,
    type OutboxListener,
    type Unsent,
} from "./outbox.ts";
export type { Metrics } from "./metrics.ts";
export { createRequester, newIdempotencyKey, type Requester } from "./request.ts";
export { closeWebSocket, createRoom, sendPing, type Room, type RoomOptions, type RoomState } from "./room.ts";
export { keepSession } from "./session.ts";
export type { WebSocketLike } from "./socket.ts";
export type * from "./types.ts";
