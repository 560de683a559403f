namespace Workflows.AppHost.Services;

/// <summary>The mail server by which the API sends invitations and the like.</summary>
internal static class Mail
{
    private static readonly (string Parameter, string Setting, bool IsSecret)[] Settings =
    [
        ("mail-host", "Mail__Host", false),
        ("mail-from", "Mail__From", false),
        ("mail-port", "Mail__Port", false),
        ("mail-security", "Mail__Security", false),
        ("mail-user", "Mail__User", false),
        ("mail-password", "Mail__Password", true),
    ];

    /// <summary>Hands on those parameters that are there. The API knows what it needs besides, and says so.</summary>
    /// <param name="publicUrl">What links begin with; null = where the API listens.</param>
    public static void WithMail(
        this IResourceBuilder<ProjectResource> api, IDistributedApplicationBuilder builder, string? publicUrl)
    {
        if (publicUrl is null)
        {
            api.WithEnvironment("Api__PublicUrl", api.GetEndpoint("http"));
        }
        else
        {
            api.WithEnvironment("Api__PublicUrl", publicUrl);
        }

        foreach (var (parameter, setting, isSecret) in Settings)
        {
            if (builder.Configuration[$"Parameters:{parameter}"] is not null)
            {
                api.WithEnvironment(setting, builder.AddParameter(parameter, secret: isSecret));
            }
        }
    }
}
