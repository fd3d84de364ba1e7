/*
 * What the cache holds, by key. `team` is "" for the member's own team.
 *
 *   session                 User, or null when signed out
 *   expired                 true when the server ended the session, not the member
 *   leaving                 who has signed out a moment ago and may still come back
 *   team                    the team that a coach of several, or an admin, looks at
 *   teams                   Team[], all there are, for an admin
 *   presence, team          Presence
 *   post, id                Post, or null when it was taken away: every post once, whichever list shows it
 *   posts, team             InfiniteData<FeedPage>: the ids that the feed shows
 *   everything              true while the feed shows all posts, whatever the member prefers
 *   newPosts, team          NewPosts: what has come and waits for the button
 *   notices, team           InfiniteData<NoticeList>
 *   keptNotices, team       true while the notices are the device's copy (kept.ts), not the server's list
 *   counters, team          CounterMetadata[]: all of a team, as they are now
 *   counter, team, name     history: its pages; heard: the newest that was told of it
 *   heldCounters            the member's changes on their way, whose counters' news wait for the answer
 *   channels, team          Channel[], each with what is unread
 *   channel, id             ChannelRoom: the talk in it, kept while nobody looks
 *   online, id              ChannelOnline: who of the channel is active now
 *   digests                 DigestHead[], newest first
 *   digest, id              Digest
 *   preferences, weights    what the server knows of the member's taste
 *   feedback                what was said of which article while the app was open
 *   push, pushHere          PushSettings of the member; whether this device is told while the app is closed
 *   pins, team              the ids of all pinned posts, for the coach's corner
 *   members, teamId         Member[], newest first
 *   reports                 Report[] that wait for a decision, newest first
 *   ownPins, ownNotices     what the member did themselves: ids of posts, titles of notices
 *   flag, figures, numbers, ready, capabilities   what the admin page watches
 *   invites, audit, accounts, backups             what it lists: those that open, the log page by page, everybody, the folder
 *   arrived, team           Notice[]: notices that came while the app was open, for the toast
 *   cursor, team            string: up to where the feed and what waits for it are complete, and since when that is so
 *   unasked                 true while the member is the device's copy (kept.ts), not the server's answer
 */
export const keys = {
    session: ["session"] as const,
    expired: ["expired"] as const,
    leaving: ["leaving"] as const,
    team: ["team"] as const,
    teams: ["teams"] as const,
    presence: (team: string) => ["presence", team] as const,
    post: (id: string) => ["post", id] as const,
    allPosts: ["post"] as const,
    everything: ["everything"] as const,
    posts: (team: string) => ["posts", team] as const,
    newPosts: (team: string) => ["newPosts", team] as const,
    notices: (team: string) => ["notices", team] as const,
    keptNotices: (team: string) => ["keptNotices", team] as const,
    arrived: (team: string) => ["arrived", team] as const,
    like: (id: string) => ["like", id] as const,
    cursors: ["cursor"] as const,
    cursor: (team: string) => ["cursor", team] as const,
    unasked: ["unasked"] as const,
    counters: (team: string) => ["counters", team] as const,
    counter: {
        heard: (team: string, name: string) => ["counter", team, name, "heard"] as const,
        history: (team: string, name: string) => ["counter", team, name, "history"] as const,
    },
    heldCounters: ["heldCounters"] as const,
    channels: (team: string) => ["channels", team] as const,
    channel: (id: string) => ["channel", id] as const,
    online: (id: string) => ["online", id] as const,
    digests: ["digests"] as const,
    digest: (id: string) => ["digest", id] as const,
    preferences: ["preferences"] as const,
    weights: ["weights"] as const,
    feedback: ["feedback"] as const,
    ownPins: ["ownPins"] as const,
    flag: ["flag"] as const,
    figures: ["figures"] as const,
    numbers: ["numbers"] as const,
    invites: ["invites"] as const,
    audit: ["audit"] as const,
    accounts: ["accounts"] as const,
    backups: ["backups"] as const,
    ready: ["ready"] as const,
    capabilities: ["capabilities"] as const,
    ownNotices: ["ownNotices"] as const,
    push: ["push"] as const,
    pushHere: ["pushHere"] as const,
    pins: (team: string) => ["pins", team] as const,
    reports: ["reports"] as const,
    members: (teamId: string) => ["members", teamId] as const,
};
