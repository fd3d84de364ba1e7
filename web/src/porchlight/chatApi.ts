/*
 * The endpoints of a team's chat. A message is made once for its clientId, however often it is sent.
 */
import type { Answer, Requester } from "./request.ts";
import type { Channel, ChannelOnline, List, Message, MessageList, NewMessage, Receipt } from "./types.ts";

export interface ChatApi {
    channels(team?: string): Promise<List<Channel>>;
    createChannel(
        channel: { name: string; teamId?: string; posting?: Channel["posting"] },
        idempotencyKey: string,
    ): Promise<Channel>;
    /* Newest first. */
    messages(channelId: string, page?: string): Promise<MessageList>;
    /* All that was made, changed or deleted since, oldest first. Made to be asked again and again. */
    messagesSince(channelId: string, since: string): Promise<Answer<MessageList>>;
    sendMessage(channelId: string, message: NewMessage): Promise<Message>;
    editMessage(channelId: string, id: string, content: string): Promise<Message>;
    deleteMessage(channelId: string, id: string): Promise<void>;
    /* Up to and with this message. Only moves forward. */
    markRead(channelId: string, messageId: string, state: "read" | "delivered"): Promise<Receipt>;
    receipts(channelId: string, page?: string): Promise<List<Receipt>>;
    /* Who of the channel's team is active now, whatever carries them. */
    online(channelId: string): Promise<ChannelOnline>;
}

export function createChatApi(request: Requester): ChatApi {
    const data = <T>(answer: Promise<Answer<T>>): Promise<T> => answer.then((it) => it.data);
    const channel = (id: string): string => `/channels/${encodeURIComponent(id)}`;
    const message = (channelId: string, id: string): string => `${channel(channelId)}/messages/${encodeURIComponent(id)}`;

    return {
        channels: (team) => data(request<List<Channel>>("/channels", { query: { team } })),
        createChannel: (body, idempotencyKey) =>
            data(request<Channel>("/channels", { method: "POST", body, idempotencyKey })),
        messages: (id, page) => data(request<MessageList>(`${channel(id)}/messages`, { query: { page } })),
        messagesSince: (id, since) =>
            request<MessageList>(`${channel(id)}/messages`, { query: { since }, remember: true }),
        sendMessage: (id, body) => data(request<Message>(`${channel(id)}/messages`, { method: "POST", body })),
        editMessage: (channelId, id, content) =>
            data(request<Message>(message(channelId, id), { method: "PATCH", body: { content } })),
        deleteMessage: (channelId, id) =>
            data(request<void>(message(channelId, id), { method: "DELETE", keepalive: true })),
        markRead: (id, messageId, state) =>
            data(request<Receipt>(`${channel(id)}/read`, { method: "PUT", body: { messageId, state } })),
        receipts: (id, page) => data(request<List<Receipt>>(`${channel(id)}/receipts`, { query: { page } })),
        online: (id) => data(request<ChannelOnline>(`${channel(id)}/online`)),
    };
}
