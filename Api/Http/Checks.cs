using Workflows.Data;
using Workflows.Data.Identity;
using Workflows.Engine.Schedules;

namespace Workflows.Api.Http;

/// <summary>Collects what is wrong with the fields of a body: all at once, each with its pointer.</summary>
internal sealed class Checks
{
    private readonly List<ErrorDetail> _details = [];

    public Problem? Problem => _details.Count == 0
        ? null
        : new Problem(Errors.ValidationFailed, _details.Count == 1 ? _details[0].Message : $"{_details.Count} fields cannot be used.", _details);

    public Checks Add(string field, string code, string message)
    {
        _details.Add(new ErrorDetail($"/{field}", code, message));
        return this;
    }

    /// <summary>The place of a member whose name somebody else has chosen, as a JSON pointer has it (RFC 6901); a long
    /// name is cut.</summary>
    public static string Member(string field, string name)
    {
        var shown = name.Length <= Limits.NameLength ? name : $"{StorableText.Of(name[..Limits.NameLength])}…";
        var escaped = shown.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
        return $"{field}/{escaped}";
    }

    /// <summary>A name as people write it: not blank, no control characters.</summary>
    public Checks Name(string field, string? value, int maxLength = Limits.NameLength)
    {
        if (value is null)
        {
            return this;
        }

        return string.IsNullOrWhiteSpace(value) ? Add(field, "EMPTY", $"'{field}' must not be empty.")
            : value.AsSpan().ContainsAnyInRange('\0', '\u001f') ? Add(field, "CHARACTERS", $"'{field}' must not hold control characters.")
            : !StorableText.IsStorable(value) ? Add(field, "CHARACTERS", $"'{field}' holds half of a surrogate pair.")
            : Text(field, value, maxLength);
    }

    public Checks Text(string field, string? value, int maxLength) =>
        value?.Length > maxLength ? Add(field, "TOO_LONG", $"'{field}' has at most {maxLength} characters.") : this;

    public Checks OneOf(string field, string? value, string[] known) => value is null || known.Contains(value)
        ? this
        : Add(field, "UNKNOWN", $"'{field}' is one of {string.Join(", ", known)}.");

    public Checks Tags(string field, string[]? tags)
    {
        if (tags?.Length > Limits.Tags)
        {
            Add(field, "TOO_MANY", $"There are at most {Limits.Tags} tags.");
        }

        for (var index = 0; index < tags?.Length; index++)
        {
            Name($"{field}/{index}", tags[index], Limits.TagLength);
        }

        return this;
    }

    public Checks Email(string field, string? value)
    {
        if (value is null)
        {
            return this;
        }

        var at = value.IndexOf('@', StringComparison.Ordinal);
        var plausible = at > 0 && at < value.Length - 1 && value.Length <= Limits.EmailLength
            && value.IndexOf('@', at + 1) < 0 && !value.Any(character => char.IsWhiteSpace(character) || char.IsControl(character));
        return !plausible ? Add(field, "EMAIL", $"'{field}' is not an e-mail address.")
            : value.EndsWith(PlatformTenant.OperatorDomain, StringComparison.OrdinalIgnoreCase)
                ? Add(field, "EMAIL", $"'{field}' is an address of the platform's operators.")
            : this;
    }

    public Checks TimeZone(string field, string? value) =>
        value is not null && !TimeZones.Exists(value)
            ? Add(field, "UNKNOWN", $"The time zone is not one of the IANA database. {TimeZones.Hint(value)}")
            : this;

    /// <summary>A password that nobody guesses by what is known of its account, or by habit.</summary>
    public Checks Password(string field, string? value, params IEnumerable<string?> about) =>
        value is not null && PasswordRules.Problem(value, about) is { } problem ? Add(field, "PASSWORD", problem)
            : this;
}
