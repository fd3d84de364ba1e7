/*
 * The icons, drawn in lines of the text's colour. They are always beside words (which a phone may
 * have no room to show), so a screen reader skips them.
 */
import type { ReactNode } from "react";

const shapes = {
    home: <path d="M3.5 11 12 4l8.5 7M5.5 9.5V20h13V9.5M10 20v-5.5h4V20" />,
    bell: <path d="M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15zM10 20.5a2.2 2.2 0 0 0 4 0" />,
    settings: (
        <>
            <path d="M4 7h9M19 7h1M4 17h1M11 17h9" />
            <circle cx="16" cy="7" r="2.6" />
            <circle cx="8" cy="17" r="2.6" />
        </>
    ),
    heart: <path d="M12 20.2S3.8 15.4 3.8 9.4A4.5 4.5 0 0 1 12 6.9a4.5 4.5 0 0 1 8.2 2.5c0 6-8.2 10.8-8.2 10.8z" />,
    pin: <path d="M8.5 3.8h7M10 3.8v5.4L6.8 13v1.6h10.4V13L14 9.2V3.8M12 14.6v5.8" />,
    pen: <path d="m4.5 19.5.9-4L16 4.9a1.9 1.9 0 0 1 2.7 0l.4.4a1.9 1.9 0 0 1 0 2.7L8.5 18.6zM14.3 6.6l3.1 3.1" />,
    bin: <path d="M4.5 6.8h15M9.2 6.8V4.2h5.6v2.6M6.6 6.8l.9 13h9l.9-13M10.2 10.5v5.8M13.8 10.5v5.8" />,
    close: <path d="m6.5 6.5 11 11M17.5 6.5l-11 11" />,
    back: <path d="M19 12H5M11 5.5 4.5 12l6.5 6.5" />,
    up: <path d="M12 19V5M5.5 11 12 4.5l6.5 6.5" />,
    check: <path d="m5 12.5 4.5 4.5L19 7.5" />,
    cloud: <path d="M7 18.5a4 4 0 0 1-.6-8A5.5 5.5 0 0 1 17 9.6a4.5 4.5 0 0 1 .3 8.9M4 4l16 17" />,
    door: <path d="M14 4H6v16h8M10.5 12H20M16.5 8.5 20 12l-3.5 3.5" />,
    star: <path d="m12 4 2.4 5.2 5.6.7-4.1 3.9 1.1 5.6-5-2.8-5 2.8 1.1-5.6L4 9.9l5.6-.7z" />,
    pause: <path d="M8.5 5.5v13M15.5 5.5v13" />,
    next: <path d="M9 5.5 15.5 12 9 18.5" />,
    sun: (
        <>
            <circle cx="12" cy="12" r="4.2" />
            <path d="M12 2.8v2.4M12 18.8v2.4M2.8 12h2.4M18.8 12h2.4M5.5 5.5l1.7 1.7M16.8 16.8l1.7 1.7M5.5 18.5l1.7-1.7M16.8 7.2l1.7-1.7" />
        </>
    ),
    clap: (
        <>
            <path d="M8.2 20.6c-2.4-1-4.2-3.4-4.6-6.2l-.9-5.2a1.4 1.4 0 0 1 2.7-.5l.8 2.6L9 5.1a1.4 1.4 0 0 1 2.4 1.3l2.9-2a1.4 1.4 0 0 1 1.7 2.2l-.9.9" />
            <path d="m11.4 11.4 3.9-4.2a1.4 1.4 0 0 1 2 1.9l1.3-1.2a1.4 1.4 0 0 1 1.9 2l-1 1.3a1.3 1.3 0 0 1 1.4 2.2l-4.2 5c-2.2 2.6-6 3-8.5.8-1.7-1.5-2.4-3.7-2-6l.9-4.4a1.4 1.4 0 0 1 2.8.3z" />
        </>
    ),
    strong: (
        <path d="M3.6 19.4c-.5-3.4.4-6.3 1.8-9.4l1.3-4.6c.3-.9 1-1.6 1.9-1.8l2-.4c1-.2 2 .5 2.1 1.5l.1 1.3c0 .7-.4 1.3-1 1.6l-1.8.8.3 3.4c1.5-2 3.8-2.9 6.1-2.3 2.6.8 4.2 3 4.2 5.5 0 3.5-2.9 5.5-7.6 5.5-3.4 0-6.4-.3-9.4-1.1z" />
    ),
    speech: <path d="M4.5 5.5h15v10.5h-8l-4 3.5V16h-3z" />,
    person: (
        <>
            <circle cx="12" cy="8" r="3.8" />
            <path d="M4.8 20c0-4.2 3.2-6.4 7.2-6.4s7.2 2.2 7.2 6.4" />
        </>
    ),
    people: (
        <>
            <circle cx="9" cy="8" r="3.4" />
            <path d="M2.8 19.5c0-3.6 2.8-5.7 6.2-5.7s6.2 2.1 6.2 5.7" />
            <path d="M15.8 4.9a3.4 3.4 0 0 1 0 6.2M17.6 14.2c2.2.7 3.6 2.6 3.6 5.3" />
        </>
    ),
    link: (
        <>
            <path d="m9.5 14.5 5-5M11 6.8l1.6-1.6a4.3 4.3 0 0 1 6.1 6.1L17.1 13" />
            <path d="M13 17.2l-1.6 1.6a4.3 4.3 0 0 1-6.1-6.1L6.9 11" />
        </>
    ),
    copy: <path d="M9 8.5h10.5V20H9zM15 8.5V4H4.5v11.5H9" />,
    bolt: <path d="M13 3.5 5.5 13.5h5L10 20.5l8-10.5h-5.2z" />,
    pulse: <path d="M3 12.5h4l2.5-7 4.5 13 2.5-6H21" />,
    gauge: <path d="M4.6 18.5a9 9 0 1 1 14.8 0M12 14l4-5M11 14.3a1.2 1.2 0 1 0 2 0 1.2 1.2 0 1 0-2 0" />,
    eye: (
        <>
            <path d="M2.5 12S6 5.8 12 5.8 21.5 12 21.5 12 18 18.2 12 18.2 2.5 12 2.5 12z" />
            <circle cx="12" cy="12" r="2.8" />
        </>
    ),
    steps: (
        <>
            <path d="M8 3.8c1.8 0 2.9 1.8 2.9 4 0 1.5-.7 2.6-.7 4.1H6.3c0-1.5-1.1-2.6-1.1-4.3 0-2 1.1-3.8 2.8-3.8zM6.5 14.4h3.6v.8a1.8 1.8 0 0 1-3.6 0z" />
            <path d="M16 7c-1.8 0-2.9 1.8-2.9 4 0 1.5.7 2.6.7 4.1h3.9c0-1.5 1.1-2.6 1.1-4.3 0-2-1.1-3.8-2.8-3.8zM17.5 17.6h-3.6v.8a1.8 1.8 0 0 0 3.6 0z" />
        </>
    ),
    glass: <path d="M6 4h12l-1.4 16H7.4zM6.7 11.5h10.6" />,
    digest: <path d="M4.5 5h12v14h-10a2 2 0 0 1-2-2zM16.5 9h3v8a2 2 0 0 1-2 2h-1M7.5 8.5h6M7.5 12h6M7.5 15.5h4" />,
    more: <path d="M5 12h.01M12 12h.01M19 12h.01" strokeWidth="3.6" />,
    plus: <path d="M12 5v14M5 12h14" />,
    reply: <path d="M9.5 6 4 11.5 9.5 17M4.5 11.5H14a5.5 5.5 0 0 1 5.5 5.5v1.5" />,
    send: <path d="M4 11.8 20 4.5l-5 15.5-3.4-6.3zM11.6 13.7 20 4.5" />,
    down: <path d="M12 5v14M5.5 13 12 19.5l6.5-6.5" />,
    chart: <path d="M4 20h16M7 16.5v-5M12 16.5V6M17 16.5v-8" />,
    table: <path d="M4 5.5h16v13H4zM4 10h16M10 10v8.5" />,
    helpful: (
        <path d="M7.5 11v8.5h-3V11zM7.5 11l4-7c1.4 0 2.3 1 2.1 2.4L13 10h5.2a1.8 1.8 0 0 1 1.8 2.2l-1.3 5.6a2.2 2.2 0 0 1-2.1 1.7H7.5" />
    ),
    notHelpful: (
        <path d="M16.5 13V4.5h3V13zM16.5 13l-4 7c-1.4 0-2.3-1-2.1-2.4L11 14H5.8A1.8 1.8 0 0 1 4 11.8l1.3-5.6a2.2 2.2 0 0 1 2.1-1.7h9.1" />
    ),
    horn: <path d="M4.5 10v4h3.2l7.8 4V6l-7.8 4zM18.5 9.5a3.6 3.6 0 0 1 0 5M8.5 14.5l1 4.5h2.4l-1-3.6" />,
};

export type IconName = keyof typeof shapes;

export function Icon({ name, solid = false }: { name: IconName; solid?: boolean }): ReactNode {
    return (
        <svg
            viewBox="0 0 24 24"
            width="1.4em"
            height="1.4em"
            fill={solid ? "currentColor" : "none"}
            stroke="currentColor"
            strokeWidth="1.9"
            strokeLinecap="round"
            strokeLinejoin="round"
            aria-hidden="true"
            focusable="false"
        >
            {shapes[name]}
        </svg>
    );
}
