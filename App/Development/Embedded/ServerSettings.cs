namespace App.Development.Embedded;

/// <summary>What the server is told in <c>postgresql.conf</c>: settings for a small machine that runs other things too.</summary>
/// <param name="SocketFolder">Where its socket lies; null for none (Windows).</param>
/// <param name="Port">The port, which also numbers the socket.</param>
/// <param name="OnLoopback">Whether it listens on 127.0.0.1.</param>
/// <param name="Durable">Whether commits reach the disk.</param>
internal sealed record ServerSettings(string? SocketFolder, int Port, bool OnLoopback, bool Durable)
{
    /// <summary>The text of the file.</summary>
    /// <remarks>
    /// <c>wal_level = minimal</c> because nothing replicates from here, and bulk loads into new tables then skip the log.
    /// <c>log_min_messages = log</c> leaves out errors of statements, which the client reports, and keeps the log small.
    /// </remarks>
    public string Text() => $"""
        # Written by Tandem at every start. Your own settings go to postgresql.local.conf beside this file.
        listen_addresses = '{(OnLoopback ? "127.0.0.1" : "")}'
        port = {Port}
        unix_socket_directories = '{Quoted(SocketFolder)}'
        unix_socket_permissions = 0700
        max_connections = 200
        shared_buffers = 128MB
        fsync = {(Durable ? "on" : "off")}
        full_page_writes = {(Durable ? "on" : "off")}
        wal_level = minimal
        max_wal_senders = 0
        min_wal_size = 128MB
        max_wal_size = 1GB
        checkpoint_timeout = 10min
        random_page_cost = 1.1
        jit = off
        autovacuum = on
        timezone = 'UTC'
        log_timezone = 'UTC'
        log_min_messages = log
        log_min_error_statement = panic
        log_checkpoints = off
        log_line_prefix = '%m [%p] '
        include_if_exists = 'postgresql.local.conf'

        """;

    // A list of folders in a string: double quotes around the folder, in which they are doubled, as are the string's.
    private static string Quoted(string? folder) =>
        folder is null ? "" : $"\"{folder.Replace("\"", "\"\"")}\"".Replace("'", "''").Replace("\\", "\\\\");
}
