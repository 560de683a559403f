using System.Text.Json;
using Workflows.Engine.Executions;
using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

/// <summary>Users, groups and roles as parameters name them: a text or a list of texts each.</summary>
internal readonly record struct People(IReadOnlyList<string> Users, IReadOnlyList<string> Groups, IReadOnlyList<string> Roles)
{
    public int Count => Users.Count + Groups.Count + Roles.Count;

    /// <summary>Renders the three parameters; empty texts and doubles are left out.</summary>
    /// <exception cref="StepException">One is neither text nor a list of texts, or there are too many.</exception>
    public static People Render(
        in NodeContext context, (string Name, JsonTemplate? Value) users, (string Name, JsonTemplate? Value) groups, (string Name, JsonTemplate? Value) roles)
    {
        return Of(Values(context, users), Values(context, groups), Values(context, roles));

        static (string, JsonElement) Values(in NodeContext context, (string Name, JsonTemplate? Value) parameter) =>
            (parameter.Name, parameter.Value is null ? default : context.Evaluate(parameter.Value).ToElement());
    }

    /// <summary>Reads what the three parameters render to.</summary>
    /// <exception cref="StepException">One is neither text nor a list of texts, or there are too many.</exception>
    public static People Of((string Name, JsonElement Json) users, (string Name, JsonElement Json) groups, (string Name, JsonElement Json) roles)
    {
        var people = new People(Names(users), Names(groups), Names(roles));
        return people.Count <= Limits.Assignees
            ? people
            : throw Invalid($"{people.Count} users, groups and roles are named; at most {Limits.Assignees} are allowed.");
    }

    /// <summary>Writes the members <c>users</c>, <c>groups</c> and <c>roles</c>.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        Write(writer, "users", Users);
        Write(writer, "groups", Groups);
        Write(writer, "roles", Roles);
    }

    private static void Write(Utf8JsonWriter writer, string member, IReadOnlyList<string> names)
    {
        writer.WriteStartArray(member);
        foreach (var name in names)
        {
            writer.WriteStringValue(name);
        }

        writer.WriteEndArray();
    }

    private static List<string> Names((string Name, JsonElement Json) parameter)
    {
        var names = new List<string>();
        var json = parameter.Json;
        switch (json.ValueKind)
        {
            case JsonValueKind.Undefined or JsonValueKind.Null:
                break;
            case JsonValueKind.Array:
                foreach (var item in json.EnumerateArray())
                {
                    Add(names, item, parameter.Name);
                }

                break;
            default:
                Add(names, json, parameter.Name);
                break;
        }

        return names;
    }

    private static void Add(List<string> names, JsonElement item, string parameter)
    {
        if (item.ValueKind != JsonValueKind.String)
        {
            throw Invalid($"The parameter '{parameter}' must be text or a list of texts.");
        }

        var name = item.GetString()!.Trim();
        if (name.Length > Limits.PrincipalNameLength)
        {
            throw Invalid($"A name in '{parameter}' has {name.Length} characters; at most {Limits.PrincipalNameLength} are allowed.");
        }

        if (name.Length > 0 && !names.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            names.Add(name);
        }
    }

    private static StepException Invalid(string message) => new(new StepError(StepErrorCodes.ParameterInvalid, message));
}
