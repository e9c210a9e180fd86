using App.Platform.Database;
using Npgsql;

namespace App.Tests.Platform.Database;

public class DatabaseUrlTests
{
    [Theory]
    [InlineData("postgres://u:secret@h/d", "Host=h;Port=5432;Username=u;Password=secret;Database=d")]
    [InlineData("postgresql://u:secret@h:6543/d", "Host=h;Port=6543;Username=u;Password=secret;Database=d")]
    [InlineData(" POSTGRES://h ", "Host=h;Port=5432")]
    [InlineData("postgres://", "Host=localhost;Port=5432")]
    [InlineData("postgres:///d", "Host=localhost;Port=5432;Database=d")]
    [InlineData("postgres://u@h:/d", "Host=h;Port=5432;Username=u;Database=d")]
    [InlineData("postgres://a%40b:p%2F%3F%40%3A%25%C3%A9@h/d%20e", "Host=h;Port=5432;Username=a@b;Password=p/?@:%é;Database=d e")]
    [InlineData("postgres://u:a;b='c'@h/d", "Host=h;Port=5432;Username=u;Password=\"a;b='c'\";Database=d")]
    [InlineData("postgres://u:p@ss#word@h/d", "Host=h;Port=5432;Username=u;Password=p@ss#word;Database=d")]
    [InlineData("postgres://u@[::1]/d", "Host=::1;Port=5432;Username=u;Database=d")]
    [InlineData("postgres://u@[2001:db8::7]:6000/d", "Host=2001:db8::7;Port=6000;Username=u;Database=d")]
    [InlineData("postgres://u@a,b:6000,[::1]:7000/d", "Host=a:5432,b:6000,[::1]:7000;Username=u;Database=d")]
    [InlineData("postgres://u@a,b/d?port=6000&target_session_attrs=read-write",
        "Host=a:6000,b:6000;Username=u;Database=d;Target Session Attributes=read-write")]
    [InlineData("postgres://u@/d?host=/run/my%20sockets", "Host=/run/my sockets;Port=5432;Username=u;Database=d")]
    [InlineData("postgres://u@%2Frun%2Fpostgresql/d", "Host=/run/postgresql;Port=5432;Username=u;Database=d")]
    [InlineData("postgres://h/d?user=u&password=secret&dbname=e", "Host=h;Port=5432;Username=u;Password=secret;Database=e")]
    [InlineData("postgres://h/d?sslmode=disable", "Host=h;Port=5432;Database=d;SSL Mode=Disable")]
    [InlineData("postgres://h/d?sslmode=allow", "Host=h;Port=5432;Database=d;SSL Mode=Allow")]
    [InlineData("postgres://h/d?sslmode=prefer", "Host=h;Port=5432;Database=d;SSL Mode=Prefer")]
    [InlineData("postgres://h/d?sslmode=require&channel_binding=require",
        "Host=h;Port=5432;Database=d;SSL Mode=Require;Channel Binding=Require")]
    [InlineData("postgres://h/d?sslmode=verify-ca", "Host=h;Port=5432;Database=d;SSL Mode=VerifyCA")]
    [InlineData("postgres://h/d?sslmode=verify-full&sslrootcert=/etc/ca.pem",
        "Host=h;Port=5432;Database=d;SSL Mode=VerifyFull;Root Certificate=/etc/ca.pem")]
    [InlineData("postgres://h/d?application_name=my%20app&connect_timeout=7",
        "Host=h;Port=5432;Database=d;Application Name=my app;Timeout=7")]
    [InlineData("postgres://h/d?options=-c%20statement_timeout%3D5s", "Host=h;Port=5432;Database=d;Options=-c statement_timeout=5s")]
    public void A_url_becomes_a_connection_string(string url, string expected)
    {
        var parsed = DatabaseUrl.Parse(url);

        Assert.Null(parsed.Fault);
        Assert.Equivalent(new NpgsqlConnectionStringBuilder(expected), new NpgsqlConnectionStringBuilder(parsed.ConnectionString),
            strict: true);
    }

    [Theory]
    [InlineData("Host=h;Database=d", "postgres://")]
    [InlineData("mysql://u:secret@h/d", "postgres://")]
    [InlineData("", "postgres://")]
    [InlineData("postgres://u:secret@h:abc/d", "port")]
    [InlineData("postgres://u:secret@h:0/d", "port")]
    [InlineData("postgres://u:secret@h:65536/d", "port")]
    [InlineData("postgres://u:secret@[::1/d", "IPv6")]
    [InlineData("postgres://u:secret@[secret]/d", "IPv6")]
    [InlineData("postgres://u:secret@h/d?sslmode=sometimes", "sslmode")]
    [InlineData("postgres://u:secret@h/d?connect_timeout=soon", "connect_timeout")]
    [InlineData("postgres://u:secret@h/d?pgbouncer=true", "pgbouncer")]
    [InlineData("postgres://u:secret@h/d?=x", "name=value")]
    [InlineData("postgres://u:secret@h/d?x", "name=value")]
    [InlineData("postgres://u:secret@h/d?host=/a,/b", "socket directory")]
    [InlineData("postgres://u:secret%zz@h/d", "password has a %")]
    [InlineData("postgres://u:secret%4@h/d", "password has a %")]
    [InlineData("postgres://u:secret%00@h/d", "password has a %")]
    [InlineData("postgres://u:secret%FF@h/d", "password is not UTF-8")]
    [InlineData("postgres://u:sec/secret@h/d", "%2F")]
    [InlineData("postgres://u:sec?secret@h/d", "%3F")]
    [InlineData("postgres://u:sec?secret=x@h/d", "%3F")]
    [InlineData("postgres://u:p@sec?secret=x@h/d", "%3F")]
    [InlineData("postgres://u:secret/", "port")]
    public void A_fault_names_the_part_and_the_cure_but_never_the_password(string url, string named)
    {
        var parsed = DatabaseUrl.Parse(url);

        Assert.False(parsed.IsValid);
        Assert.Contains(named, parsed.Fault, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", parsed.Fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Host=h;Port=6000;Username=u;Password=p/?@:%é;Database=d e;SSL Mode=Require")]
    [InlineData("Host=/a b/c;Port=5432;Username=u;Password=p;Database=d;SSL Mode=Disable")]
    [InlineData("Host=::1;Port=5432;Username=u;Database=d;SSL Mode=Prefer")]
    public void A_connection_string_survives_the_way_through_a_url(string connectionString) =>
        Assert.Equivalent(
            new NpgsqlConnectionStringBuilder(connectionString),
            new NpgsqlConnectionStringBuilder(DatabaseUrl.Parse(DatabaseUrl.Format(connectionString)).ConnectionString),
            strict: true);
}
