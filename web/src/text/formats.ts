/*
 * Numbers and dates as a language writes them. Each form is set up when it is first used, which takes a slow phone some
 * 20 ms, and not all of them together at the start.
 */
function later<T>(make: () => { format(value: T): string }): { format(value: T): string } {
    let made: { format(value: T): string } | undefined;
    return { format: (value) => (made ??= make()).format(value) };
}

export function formatsOf(locale: string) {
    const numbers = (options: Intl.NumberFormatOptions) => later<number>(() => new Intl.NumberFormat(locale, options));
    const dates = (options: Intl.DateTimeFormatOptions) => later<Date>(() => new Intl.DateTimeFormat(locale, options));
    const large = numbers({});
    /* Most counts are small, and look the same everywhere. */
    const isSmall = (value: number): boolean => Number.isInteger(value) && value >= 0 && value < 1000;
    return {
        number: { format: (value: number) => (isSmall(value) ? String(value) : large.format(value)) },
        oneDigit: numbers({ minimumFractionDigits: 1, maximumFractionDigits: 1 }),
        clock: dates({ hour: "numeric", minute: "2-digit" }),
        weekday: dates({ weekday: "long" }),
        shortWeekday: dates({ weekday: "short" }),
        dayOfYear: dates({ month: "long", day: "numeric" }),
        dayAndYear: dates({ month: "long", day: "numeric", year: "numeric" }),
        fullDate: dates({ dateStyle: "full", timeStyle: "short" }),
    };
}
