namespace Workflows.Attack;

/// <summary>Something that an attack needs is not there or did not answer as expected.</summary>
internal sealed class AttackException(string message) : Exception(message);
