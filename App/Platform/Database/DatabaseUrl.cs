namespace App.Platform.Database;

internal sealed record DatabaseUrl(string? ConnectionString, string? Fault)
{
    public static DatabaseUrl Parse(string url)
    {
        var u = new Uri(url);
        var ui = u.UserInfo.Split(':');
        return new($"Host={u.Host};Port={u.Port};Username={ui[0]};Password={(ui.Length > 1 ? ui[1] : "")};Database={u.AbsolutePath[1..]}", null);
    }
}
