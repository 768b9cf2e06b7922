/** Begins the line of a process's output that is its report. */
export const REPORT_MARK = '@@report '
