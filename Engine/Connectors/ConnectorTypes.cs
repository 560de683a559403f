using System.Globalization;

namespace Workflows.Engine.Connectors;

/// <summary>One field of a connector's configuration.</summary>
/// <param name="Secret">Never answered; masked in whatever an execution leaves behind.</param>
public sealed record ConnectorField(
    string Name, string Summary, bool Required = false, bool Secret = false, bool IsNumber = false)
{
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>It decides where the secrets go, or who may listen: a change of it needs all of them anew.</summary>
    public bool IsDestination { get; init; }

    /// <summary>What it is when it is left out; null = nothing.</summary>
    public string? Default { get; init; }
}

/// <summary>One type of connector.</summary>
public sealed record ConnectorType(string Name, string Summary, IReadOnlyList<ConnectorField> Fields);

/// <summary>What is wrong with a field of a configuration.</summary>
public sealed record ConnectorProblem(string Field, string Code, string Message);

/// <summary>All types of connectors of this release, and how their configurations are judged.</summary>
public static class ConnectorTypes
{
    public const string Http = "http";
    public const string Postgres = "postgres";
    public const string Smtp = "smtp";
    public const string S3 = "s3";
    public const string Model = "model";

    private const int ValueLength = 8_192;

    public static IReadOnlyList<ConnectorType> All { get; } =
    [
        new(Http, "An HTTP API: its address and how calls authenticate.",
        [
            new("baseUrl", "The address that nodes append to, http or https. No call leaves it.", Required: true)
            {
                IsDestination = true,
            },
            new("auth", "How calls authenticate.") { Choices = ["none", "basic", "bearer", "apiKeyHeader", "apiKeyQuery", "oauth2"] },
            new("username", "For basic."),
            new("password", "For basic.", Secret: true),
            new("token", "For bearer.", Secret: true),
            new("keyName", "The header or query parameter of the API key."),
            new("apiKey", "The API key.", Secret: true),
            new("tokenUrl", "Where OAuth 2.0 gives tokens (client credentials).") { IsDestination = true },
            new("clientId", "For oauth2."),
            new("clientSecret", "For oauth2.", Secret: true),
            new("scope", "For oauth2: the scopes asked for, divided by spaces."),
        ]),
        new(Postgres, "A PostgreSQL database.",
        [
            new("host", "Name or address of the server.", Required: true) { IsDestination = true },
            new("port", "5432 when left out.", IsNumber: true) { IsDestination = true, Default = "5432" },
            new("database", "Name of the database.", Required: true),
            new("username", "The role to log in as.", Required: true),
            new("password", "Its password.", Secret: true),
            new("tls",
                "verify (when left out): encrypted, the certificate checked; require: encrypted; disable: in clear.")
            {
                Choices = ["verify", "require", "disable"], IsDestination = true, Default = "verify",
            },
        ]),
        new(Smtp, "A mail server.",
        [
            new("host", "Name or address of the server.", Required: true) { IsDestination = true },
            new("port", "587 when left out.", IsNumber: true) { IsDestination = true, Default = "587" },
            new("tls", "startTls (when left out), tls from the first byte, or none.")
            {
                Choices = ["startTls", "tls", "none"], IsDestination = true, Default = "startTls",
            },
            new("username", "To log in; without it nobody does."),
            new("password", "Its password.", Secret: true),
            new("from", "The sender when a node names none."),
        ]),
        new(S3, "An object store that speaks S3.",
        [
            new("endpoint", "Its address, http or https, without the bucket.", Required: true) { IsDestination = true },
            new("region", "us-east-1 when left out."),
            new("bucket", "The bucket.", Required: true),
            new("prefix", "What every key begins with; nodes see nothing outside it."),
            new("accessKeyId", "The access key.", Required: true),
            new("secretAccessKey", "Its secret.", Required: true, Secret: true),
        ]),
        new(Model, "A provider of language models.",
        [
            new(
                "provider",
                "How it speaks: openai, azure (OpenAI), anthropic, ollama, or compatible with OpenAI.",
                Required: true)
            {
                Choices = ModelProviders.All, IsDestination = true,
            },
            new("baseUrl", "Its address, as the provider's clients take it; openai and anthropic have one.")
            {
                IsDestination = true,
            },
            new("apiKey", "The key; ollama and compatible may need none.", Secret: true),
        ]),
    ];

    /// <summary>Null when there is no such type.</summary>
    public static ConnectorType? Find(string name) => All.FirstOrDefault(type => type.Name == name);

    /// <summary>All that is wrong with a configuration.</summary>
    public static IEnumerable<ConnectorProblem> FindProblems(ConnectorType type, IReadOnlyDictionary<string, string> config)
    {
        foreach (var name in config.Keys.Where(name => type.Fields.All(field => field.Name != name)))
        {
            yield return new(name, "UNKNOWN", $"A connector of the type '{type.Name}' has no '{name}'; it has {string.Join(", ", type.Fields.Select(field => field.Name))}.");
        }

        foreach (var field in type.Fields)
        {
            if (!config.TryGetValue(field.Name, out var value) || value.Length == 0)
            {
                if (field.Required)
                {
                    yield return new(field.Name, "REQUIRED", $"'{field.Name}' is required.");
                }
            }
            else if (FindProblem(field, value) is { } problem)
            {
                yield return problem;
            }
        }

        foreach (var problem in type.Name switch
        {
            Http => FindAuthProblems(config),
            Model => ModelProviders.FindProblems(config),
            _ => [],
        })
        {
            yield return problem;
        }

        foreach (var problem in FindHeaderProblems(type, config))
        {
            yield return problem;
        }
    }

    /// <summary>
    /// The secrets that a changed configuration would carry to where they were not meant for: all that it keeps, when a
    /// field is another that decides where they go. Who may change a connector need not know them, and must not learn
    /// them so.
    /// </summary>
    /// <param name="given">The fields that whoever changes it has given anew.</param>
    public static IEnumerable<ConnectorProblem> FindCarriedSecrets(
        ConnectorType type,
        IReadOnlyDictionary<string, string> before,
        IReadOnlyDictionary<string, string> after,
        IReadOnlySet<string> given)
    {
        var moved = type.Fields.Where(field => field.IsDestination && ValueOf(field, before) != ValueOf(field, after))
            .Select(field => $"'{field.Name}'").ToList();
        return moved.Count == 0
            ? []
            : type.Fields
                .Where(field => field.Secret && ValueOf(field, after).Length > 0 && !given.Contains(field.Name))
                .Select(field => new ConnectorProblem(
                    field.Name,
                    "SECRET_NEEDED",
                    $"'{field.Name}' must be given anew: {string.Join(", ", moved)} changes where it goes."));
    }

    private static string ValueOf(ConnectorField field, IReadOnlyDictionary<string, string> config) =>
        config.GetValueOrDefault(field.Name) is { Length: > 0 } value ? value : field.Default ?? "";

    // What becomes a header as it is; user names and passwords are sent in Base64.
    private static IEnumerable<ConnectorProblem> FindHeaderProblems(
        ConnectorType type, IReadOnlyDictionary<string, string> config)
    {
        string[] values = type.Name == S3 ? ["region", "accessKeyId"]
            : type.Name == Model ? ["apiKey"]
            : type.Name != Http ? []
            : config.GetValueOrDefault("auth") switch
            {
                "bearer" => ["token"],
                "apiKeyHeader" => ["apiKey"],
                _ => [],
            };
        var problems = values.Select(
            name => (Name: name, Problem: HeaderText.FindValueProblem(name, config.GetValueOrDefault(name, ""))));
        if (type.Name == Http && config.GetValueOrDefault("auth") == "apiKeyHeader"
            && config.GetValueOrDefault("keyName") is { Length: > 0 } header)
        {
            problems = problems.Append((Name: "keyName", Problem: HeaderText.FindNameProblem(header)));
        }

        return problems.Where(found => found.Problem is not null)
            .Select(found => new ConnectorProblem(found.Name, "CHARACTERS", found.Problem!));
    }

    private static ConnectorProblem? FindProblem(ConnectorField field, string value) =>
        value.Length > ValueLength ? new(field.Name, "TOO_LONG", $"'{field.Name}' has at most {ValueLength} characters.")
        : value.Any(char.IsControl)
            ? new(field.Name, "CHARACTERS", $"'{field.Name}' must not hold line breaks or other control characters.")
        : field.Choices.Count > 0 && !field.Choices.Contains(value) ? new(field.Name, "VALUE", $"'{field.Name}' is one of {string.Join(", ", field.Choices)}.")
        : field.IsNumber && !(int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and < 65_536)
            ? new(field.Name, "VALUE", $"'{field.Name}' is a port from 1 to 65535.")
        : field.Name is "baseUrl" or "endpoint" or "tokenUrl" && !IsPlainAddress(value)
            ? new(field.Name, "ADDRESS", $"'{field.Name}' is an absolute http or https address without user, query and fragment.")
        : null;

    private static bool IsPlainAddress(string value) =>
        Uri.TryCreate(value, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
        && uri.UserInfo.Length == 0 && uri.Query.Length == 0 && uri.Fragment.Length == 0;

    private static IEnumerable<ConnectorProblem> FindAuthProblems(IReadOnlyDictionary<string, string> config)
    {
        string[] needed = config.GetValueOrDefault("auth", "none") switch
        {
            "basic" => ["username", "password"],
            "bearer" => ["token"],
            "apiKeyHeader" or "apiKeyQuery" => ["keyName", "apiKey"],
            "oauth2" => ["tokenUrl", "clientId", "clientSecret"],
            _ => [],
        };
        return needed.Where(name => config.GetValueOrDefault(name, "").Length == 0)
            .Select(name => new ConnectorProblem(name, "REQUIRED", $"'{name}' is required with this way to authenticate."));
    }
}
