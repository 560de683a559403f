using System.Runtime.CompilerServices;
using Workflows.Jsonata.Compilation;
using Workflows.Jsonata.Syntax;
using Workflows.Jsonata.Values;

namespace Workflows.Jsonata.Evaluation;

/// <summary>Everything one evaluation shares: the budget, the clock, the variables of the caller.</summary>
internal sealed class EvaluationContext
{
    // Cancellation is looked at once per slice, so that a step costs one decrement.
    private const int StepsPerSlice = 1024;

    // One spare per thread, so that an evaluation that builds nothing allocates nothing.
    [ThreadStatic]
    private static EvaluationContext? _spare;

    private JsonataOptions _options;
    private long _stepsLeft;
    private int _sliceLeft;
    private int _depth;
    private DateTimeOffset? _now;
    private Dictionary<(string Source, Scope Scope), Node>? _programs;

    public EvaluationContext(JsonataOptions options, in JsonataValue root)
    {
        RootFrame = new Frame(this, null, Scope.Empty);
        _options = options;
        Limits = options.Limits;
        Reset(options, root);
    }

    public JsonataLimits Limits { get; private set; }

    public JsonataValue Root { get; private set; }

    public IReadOnlyDictionary<string, JsonataValue>? Variables { get; private set; }

    /// <summary>The frame of expressions that bind no variable at their top level.</summary>
    public Frame RootFrame { get; }

    /// <summary>A function took hold of variables of this evaluation, and may outlive it.</summary>
    public bool HasClosures { get; set; }

    /// <summary>A context for one evaluation, to be given back with <see cref="Return"/> when that succeeded.</summary>
    public static EvaluationContext Rent(JsonataOptions options, in JsonataValue root)
    {
        var context = _spare;
        if (context is null)
        {
            return new EvaluationContext(options, root);
        }

        _spare = null;
        context.Reset(options, root);
        return context;
    }

    public void Return()
    {
        if (!HasClosures)
        {
            // What the evaluation saw must not live as long as the thread.
            Root = default;
            Variables = null;
            TailFunction = null;
            TailArguments = [];
            _programs = null;
            _options = JsonataOptions.Default;
            _spare = this;
        }
    }

    private void Reset(JsonataOptions options, in JsonataValue root)
    {
        _options = options;
        Root = root;
        Limits = options.Limits;
        Variables = options.Variables;
        _stepsLeft = options.Limits.MaxSteps;
        _depth = 0;
        _now = null;
        Refill(0);
    }

    public Random Random => _options.Random ?? Random.Shared;

    /// <summary>The one instant of this evaluation.</summary>
    public DateTimeOffset Now => _now ??= _options.Now ?? _options.TimeProvider.GetUtcNow();

    /// <summary>Function and arguments of a call in tail position, which the loop of the enclosing call takes up.</summary>
    public FunctionValue? TailFunction { get; set; }

    public JsonataValue[] TailArguments { get; set; } = [];

    public JsonataOptions Options => _options;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Step()
    {
        if (--_sliceLeft <= 0)
        {
            Refill(0);
        }
    }

    /// <summary>Work that is done in one go, such as copying an array.</summary>
    public void Step(int count)
    {
        _sliceLeft -= Math.Min(count, StepsPerSlice);
        if (_sliceLeft <= 0 || count > StepsPerSlice)
        {
            Refill(Math.Max(0, count - StepsPerSlice));
        }
    }

    /// <summary>Building text costs steps too, so that no program fills the memory with long strings.</summary>
    public void StepForText(int length) => Step((length >> 3) + 1);

    private void Refill(int extra)
    {
        _options.CancellationToken.ThrowIfCancellationRequested();
        _stepsLeft -= extra;
        if (_stepsLeft <= 0)
        {
            throw Errors.Of("U1002", value: Text(Limits.MaxSteps));
        }

        _sliceLeft = (int)Math.Min(StepsPerSlice, _stepsLeft);
        _stepsLeft -= _sliceLeft;
    }

    /// <summary>Goes one call or one level of data deeper; <see cref="Leave"/> comes back. After an error nobody goes on.</summary>
    public void Enter()
    {
        if (++_depth > Limits.MaxDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw TooDeep();
        }
    }

    public void Leave() => _depth--;

    public JsonataException TooDeep() => Errors.Of("U1001", value: Text(Limits.MaxDepth));

    public void CheckLength(long count)
    {
        if (count > Limits.MaxSequenceLength)
        {
            throw Errors.Of("U1003", value: Text(Limits.MaxSequenceLength));
        }
    }

    public void CheckString(long length)
    {
        if (length > Limits.MaxStringLength)
        {
            throw Errors.Of("U1004", value: Text(Limits.MaxStringLength));
        }
    }

    /// <summary>Adds to a list within the limits.</summary>
    public void Add(ValueList list, in JsonataValue value)
    {
        if (list.Count >= Limits.MaxSequenceLength)
        {
            CheckLength(list.Count + 1L);
        }

        list.Add(value);
    }

    /// <summary>A compiled text of $eval, kept for the next item that evaluates the same in the same scope.</summary>
    public Node Program(string source, Scope scope)
    {
        _programs ??= [];
        if (!_programs.TryGetValue((source, scope), out var program))
        {
            program = Compiler.CompileWithin(Parser.Parse(source), scope);
            if (_programs.Count < Jsonata.Limits.MaxCachedPrograms)
            {
                _programs.Add((source, scope), program);
            }
        }

        return program;
    }

    private static string Text(long number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
