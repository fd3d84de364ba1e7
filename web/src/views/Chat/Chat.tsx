/*
 * The team's chat: who is in it, what was written, and writing. One conversation can be looked at by itself.
 */
import { Icon } from "../../components/Icon/Icon.tsx";
import { Empty, Failed, Loading } from "../../components/States/States.tsx";
import { TeamPicker } from "../../components/TeamPicker/TeamPicker.tsx";
import { useChannel } from "../../hooks/useChannel.ts";
import { useChannels } from "../../hooks/useChannels.ts";
import { useMessageDeletion } from "../../hooks/useMessageDeletion.ts";
import type { Channel, TeamRef, User } from "../../porchlight/index.ts";
import { unreadBadge } from "../../text/unread.ts";
import { words } from "../../words.ts";
import { Messages } from "./Messages.tsx";
import { NewChannel } from "./NewChannel.tsx";
import "./Chat.css";

const channelLink = (id: string): string => `#/chat/${encodeURIComponent(id)}`;

function Channels({ channels, shown }: { channels: Channel[]; shown: string }) {
    const { chat, nav } = words;
    return (
        <nav aria-label={chat.channels}>
            <ul className="chat-channels">
                {channels.map(({ id, name, unread }) => (
                    <li key={id}>
                        <a className="chat-channel" href={channelLink(id)} aria-current={id === shown ? "page" : undefined}>
                            {name}
                            {unread > 0 && id !== shown && (
                                <>
                                    <span className="nav-count" aria-hidden="true">
                                        {unreadBadge(unread)}
                                    </span>
                                    <span className="unseen"> ({nav.unreadMessages(unread)})</span>
                                </>
                            )}
                        </a>
                    </li>
                ))}
            </ul>
        </nav>
    );
}

interface OneChannelProps {
    id: string;
    user: User;
    /* Looks after the team. */
    leads: boolean;
    thread: string | null;
}

function OneChannel({ id, user, leads, thread }: OneChannelProps) {
    const { chat } = words;
    const room = useChannel(id);
    const deletion = useMessageDeletion(id);
    return (
        <>
            {thread && (
                <div className="chat-thread">
                    <h2>{chat.thread}</h2>
                    <a className="button button-plain" href={channelLink(id)}>
                        <Icon name="back" />
                        {chat.back}
                    </a>
                </div>
            )}
            {room.isPending && !room.error && <Loading cards={3}>{chat.loading}</Loading>}
            {room.isPending && room.error && <Failed title={chat.failed} error={room.error} retry={room.retry} />}
            {!room.isPending && (
                <Messages
                    key={thread ?? ""}
                    room={room}
                    thread={thread}
                    user={user}
                    leads={leads}
                    mayWrite={leads || room.channel?.posting !== "coaches"}
                    deletion={deletion}
                />
            )}
        </>
    );
}

interface ChatProps {
    user: User;
    team: TeamRef;
    teams: TeamRef[];
    chooseTeam: (id: string) => void;
    /* From the address; without one it is the team's first. */
    channel: string | null;
    thread: string | null;
}

export function Chat({ user, team, teams, chooseTeam, channel, thread }: ChatProps) {
    const { chat } = words;
    const { channels, isPending, error, retry } = useChannels();
    /* A team's id is its coach's user id. */
    const leads = user.role === "admin" || team.id === user.id;
    const shown = channels.find((it) => it.id === channel) ?? channels[0];
    return (
        <main className="page chat" id="main" tabIndex={-1}>
            <header className="page-head">
                <h1 tabIndex={-1}>{shown?.name ?? chat.view}</h1>
                {teams.length > 1 && <TeamPicker teams={teams} team={team} choose={chooseTeam} />}
                {channels.length > 1 && shown && <Channels channels={channels} shown={shown.id} />}
                {leads && !isPending && !thread && <NewChannel made={({ id }) => (location.hash = channelLink(id))} />}
            </header>
            {isPending && <Loading cards={3}>{chat.loading}</Loading>}
            {error && !shown && <Failed title={chat.failed} error={error} retry={retry} />}
            {!isPending && !error && !shown && (
                <Empty icon="speech" title={chat.empty}>
                    {chat.emptyHelp}
                </Empty>
            )}
            {shown && <OneChannel key={shown.id} id={shown.id} user={user} leads={leads} thread={thread} />}
        </main>
    );
}
