namespace Workflows.Data.Database;

/// <summary>
/// Whose grants decide which objects of a tenant the statements of this flow of control see. Without a person they see
/// all of the tenant. Within it each statement runs under the database's role <c>workflows_member</c>, whose policies
/// show what was granted to the person and nothing else. Work that is shared, such as a lane or a cache's read, runs
/// outside: it is nobody's.
/// </summary>
public static class ObjectScope
{
    private static readonly AsyncLocal<Guid?> Current = new();

    /// <summary>Null = everything of the tenant.</summary>
    public static Guid? Person => Current.Value;

    /// <summary>From here to the end of the calling asynchronous method, and in all that it calls.</summary>
    /// <param name="person">Whose grants count; nobody has those of <see cref="Guid.Empty"/>.</param>
    public static void Enter(Guid person) => Current.Value = person;

    /// <summary>
    /// The same for work that must see the whole tenant whoever caused it. The work says itself what its caller may.
    /// </summary>
    public static void Leave() => Current.Value = null;
}
