using App.Signs.Fingerspelling;

namespace App.Training.Hands;

/// <summary>
/// The letters of the American manual alphabet as handshapes: joint angles within the limits of a hand, and the ways in
/// which signers are known to differ (G, H, P and Q pointing sideways, at the viewer or down; D, C and O seen from the side).
/// </summary>
internal static class Handshapes
{
    private static readonly Finger Straight = new(4, 5, 3);

    // Straight, and bent at the knuckle alone.
    private static readonly Finger Hung = new(85, 8, 5);
    private static readonly View[] Front = [new(0, 0, 0)];

    // A fist is as often seen a little from the thumb's side.
    private static readonly View[] Fronts = [new(0, 0, 0, 0.75f), new(38, 5, 8, 0.25f)];

    // Knuckles at the viewer, so that straight fingers which are bent at the knuckle hang down.
    private static readonly View[] Hanging = [new(0, 55, 0, 0.8f), new(20, 45, 0, 0.2f)];

    // The forearm towards the viewer with the thumb up: the knuckles stand in a column, and what bends forward points across.
    private static readonly View[] Forward = [new(-88, 50, 0, 0.5f), new(88, -50, 0, 0.5f)];

    // The hand upright with the palm to the side, so that what bends forward points across the picture.
    private static readonly View[] Aside = [new(75, 0, 15, 0.6f), new(45, 5, 10, 0.4f)];

    // A hook is shown from its side as often.
    private static readonly View[] Hooks = [new(0, 0, 0, 0.6f), new(60, 5, 10, 0.4f)];

    // As the books show it: fingers across the picture, the back of the hand to the viewer. Few hold it with the palm to the viewer.
    private static readonly View[] Across = [new(180, 0, -85, 0.35f), new(150, 0, -70, 0.2f), new(0, 0, -55, 0.25f), new(0, 0, 60, 0.2f)];

    /// <summary>The handshapes of a letter; their weights are relative to each other.</summary>
    public static IReadOnlyList<Handshape> Of(int letter) => ByLetter[letter];

    private static readonly IReadOnlyList<Handshape>[] ByLetter = [.. All()
        .GroupBy(shape => shape.Letter).OrderBy(shapes => shapes.Key).Select(shapes => (IReadOnlyList<Handshape>)[.. shapes])];

    private static IEnumerable<Handshape> All() => [.. Fists(), .. Upright(), .. Round(), .. Pointing(), .. Down()];

    private static IEnumerable<Handshape> Fists() =>
    [
        new('A', Fist(68), Thumb.BesideFist, Fronts),
        new('S', Fist(64), Thumb.AcrossFist(1), Fronts, 0.7f),
        new('S', Fist(64), Thumb.AcrossFist(2), Fronts, 0.3f),
        // Fingers over the thumb are pushed out by its thickness; the others stay tight.
        new('T', [new(50, 80, 42, 3), Tight(1), Tight(2), Tight(3)], Thumb.UpBetween(0), Fronts, 0.6f),
        // Or the forefinger lies loosely on the thumb, whose tip shows or stands beside it.
        new('T', [new(54, 35, 15, 3), Curled(1), Curled(2), Curled(3)], Thumb.UpBetween(0), Fronts, 0.2f),
        new('T', [new(54, 30, 15, 3), Curled(1), Curled(2), Curled(3)], Thumb.BesideFist, Fronts, 0.2f),
        // The thumb's tip shows between the knuckles of the last finger over it and the next, or is hidden.
        new('N', [new(48, 82, 40), new(46, 84, 40, -5), Curled(2), Curled(3)], Thumb.UpBetween(1), Fronts, 0.6f),
        new('N', [new(48, 82, 40), new(46, 84, 40, -5), Curled(2), Curled(3)], Thumb.Under(1), Fronts, 0.1f),
        new('M', [new(48, 82, 40), new(46, 84, 40, -4), new(44, 84, 40, -9), Curled(3)], Thumb.UpBetween(2), Fronts, 0.6f),
        new('M', [new(48, 82, 40), new(46, 84, 40, -4), new(44, 84, 40, -9), Curled(3)], Thumb.Under(2), Fronts, 0.1f),
        // As the letters are written: two or three fingers hang down over the thumb.
        new('N', [Hung, Hung, new(80, 75, 40, -8), new(82, 75, 40, -14)], Thumb.AlongHanging, Hanging, 0.3f),
        new('M', [Hung, Hung, Hung, new(82, 50, 20, -8)], Thumb.AlongHanging, Hanging, 0.3f),
        // Fingertips on the thumb, or above it with the knuckles nearly straight.
        new('E', [new(45, 105, 52), new(46, 106, 52, -3), new(48, 106, 52, -8), new(50, 104, 52, -14)], Thumb.UnderTips, Front, 0.5f),
        new('E', [new(20, 105, 50), new(20, 106, 50, -2), new(22, 106, 50, -6), new(25, 104, 50, -12)], Thumb.UnderTips, Front, 0.5f),
    ];

    private static IEnumerable<Handshape> Upright() =>
    [
        new('B', [Straight, Straight, Straight with { Spread = -1 }, Straight with { Spread = -3 }], Thumb.AcrossPalm, Front),
        new('I', [Curled(0), Curled(1), Curled(2), new(5, 8, 4, -10)], Thumb.AcrossFist(1), Front, 0.7f),
        new('I', [Curled(0), Curled(1), Curled(2), new(5, 8, 4, -10)], Thumb.BesideFist, Front, 0.3f),
        // A movement: the hand of I, seen at any time while it swings round.
        new('J', [Curled(0), Curled(1), Curled(2), new(8, 8, 4, -8)], Thumb.AcrossFist(1),
            [new(0, 0, -30, 0.15f), new(0, 0, 35, 0.25f), new(70, 10, 10, 0.2f), new(100, 0, -40, 0.1f), new(130, 10, 20, 0.05f),
                new(180, 0, -60, 0.1f), new(30, 50, 0, 0.15f)], 0.6f),
        // At the end of the hook the hand is tipped forward and the little finger points at the viewer.
        new('J', [Curled(0), Curled(1), Curled(2), new(22, 12, 8, -4)], Thumb.BesideFist,
            [new(0, 60, 20, 0.5f), new(0, 60, -10, 0.2f), new(25, 50, 10, 0.3f)], 0.4f),
        new('K', [Straight with { Spread = 6 }, new(20, 8, 5, -8), Curled(2), Curled(3)], Thumb.ToMiddle, Fronts, 0.35f),
        new('K', [Straight with { Spread = 5 }, new(45, 8, 5, -6), Curled(2), Curled(3)], Thumb.ToMiddle, Fronts, 0.35f),
        // Or as V, with the thumb on the lower bone of the middle finger.
        new('K', [Straight with { Spread = 10 }, Straight with { Spread = -9 }, Curled(2), Curled(3)], Thumb.OnMiddle, Fronts, 0.3f),
        new('L', [Straight with { Spread = 4 }, Curled(1), Curled(2), Curled(3)], Thumb.Aside,
            [new(0, 0, 0, 0.85f), new(30, 0, 10, 0.15f)]),
        new('R', [new(8, 8, 5, -13), new(3, 6, 4, 13), Curled(2), Curled(3)], Thumb.OverRing, Front),
        new('U', [Straight with { Spread = -2 }, Straight with { Spread = 2 }, Curled(2), Curled(3)], Thumb.OverRing, Front),
        new('V', [Straight with { Spread = 12 }, Straight with { Spread = -10 }, Curled(2), Curled(3)], Thumb.OverRing, Front),
        new('W', [Straight with { Spread = 12 }, Straight, Straight with { Spread = -12 }, new(70, 85, 45, -18)], Thumb.OverLittle, Front),
        new('Y', [Curled(0), Curled(1), Curled(2), new(6, 8, 5, -20)], Thumb.Aside, [new(0, 0, 0, 0.8f), new(180, 0, 0, 0.2f)]),
        new('X', [new(22, 75, 40, 2), Curled(1), Curled(2), Curled(3)], Thumb.AcrossFist(1), Hooks, 0.25f),
        new('X', [new(12, 45, 32, 2), Curled(1), Curled(2), Curled(3)], Thumb.AcrossFist(1), Hooks, 0.2f),
        // The hook leans forward, deep or slight, over a fist that is closed as E is.
        new('X', [new(38, 38, 28, 2), Folded(1), Folded(2), Folded(3)], Thumb.AcrossFist(1), Hooks, 0.2f),
        new('X', [new(44, 14, 14, 2), Folded(1), Curled(2), Curled(3)], Thumb.AcrossFist(1), Hooks, 0.35f),
        new('F', [new(52, 62, 35, 4), new(8, 8, 5, 3), Straight with { Spread = -7 }, new(5, 8, 5, -17)], Thumb.ToTip(0), Front),
        new('D', [Straight, new(52, 72, 42), new(54, 74, 42, -6), new(56, 76, 42, -12)], Thumb.ToTip(1),
            [new(0, 0, 0, 0.55f), new(50, 5, 10, 0.45f)], 0.5f),
        // The other fingers as round as in O.
        new('D', [Straight, new(46, 58, 36), new(48, 58, 36, -4), new(50, 57, 36, -9)], Thumb.ToTip(1),
            [new(0, 0, 0, 0.55f), new(50, 5, 10, 0.45f)], 0.5f),
        // A movement: the hand that points, while it draws.
        new('Z', [Straight with { Spread = 2 }, Curled(1), Curled(2), Curled(3)], Thumb.AcrossFist(1),
            [new(0, 0, 15, 0.25f), new(0, 40, 5, 0.35f), new(0, 0, -20, 0.15f), new(50, 10, 15, 0.25f)], 0.75f),
        new('Z', [new(45, 8, 4), Curled(1), Curled(2), Curled(3)], Thumb.AcrossFist(1), Aside, 0.25f),
    ];

    private static IEnumerable<Handshape> Round() =>
    [
        new('C', [new(32, 45, 28, 1), new(32, 45, 28), new(32, 45, 28, -2), new(34, 44, 28, -4)], Thumb.Opposite(0.6f),
            [new(65, 0, 15, 0.7f), new(30, 0, 10, 0.3f)]),
        new('O', [new(46, 55, 36, 1), new(46, 56, 36), new(48, 56, 36, -2), new(50, 55, 36, -5)], Thumb.ToTip(0),
            [new(65, 0, 15, 0.5f), new(35, 0, 10, 0.25f), new(5, 0, 5, 0.25f)], 0.75f),
        new('O', [new(42, 76, 45, 1), new(43, 77, 45), new(44, 77, 45, -3), new(46, 76, 45, -7)], Thumb.ToTip(1),
            [new(40, 0, 10, 0.5f), new(5, 0, 5, 0.5f)], 0.25f),
    ];

    private static IEnumerable<Handshape> Pointing() =>
    [
        new('G', [new(8, 8, 5), Curled(1), Curled(2), Curled(3)], Thumb.AlongForefinger, Across, 0.5f),
        new('G', [new(65, 12, 6), Curled(1), Curled(2), Curled(3)], Thumb.AlongForefinger, Aside, 0.25f),
        new('G', [new(65, 12, 6), Curled(1), Curled(2), Curled(3)], Thumb.Apart(0.35f), Aside, 0.15f),
        new('G', [new(80, 12, 6), Curled(1), Curled(2), Curled(3)], Thumb.AlongForefinger, Forward, 0.1f),
        new('H', [new(6, 6, 4, -2), new(6, 6, 4, 2), Curled(2), Curled(3)], Thumb.OverRing, Across, 0.3f),
        new('H', [new(65, 8, 5, -2), new(67, 8, 5, 2), Curled(2), Curled(3)], Thumb.OverRing, Aside, 0.2f),
        // The palm at the signer's other hand: only the knuckles are bent.
        new('H', [new(90, 6, 4, -2), new(92, 6, 4, 2), Curled(2), Curled(3)], Thumb.OverRing, Forward, 0.2f),
        new('H', [new(90, 6, 4, -2), new(92, 6, 4, 2), Curled(2), Curled(3)], Thumb.AlongHanging, Forward, 0.3f),
    ];

    private static IEnumerable<Handshape> Down() =>
    [
        // P is K turned down: the forefinger at the viewer or across, the middle finger down.
        new('P', [new(8, 6, 4, 5), new(50, 8, 5, -6), Curled(2), Curled(3)], Thumb.ToMiddle,
            [new(0, 100, 0, 0.15f), new(0, 55, 0, 0.15f), new(40, 85, -20, 0.15f), new(150, 0, 125, 0.15f), new(180, 20, 165, 0.1f),
                new(0, 0, -100, 0.1f), new(180, 0, -120, 0.15f)], 0.5f),
        new('P', [new(48, 6, 4, 5), new(82, 8, 5, -5), Curled(2), Curled(3)], Thumb.ToMiddle,
            [new(75, 0, -20, 0.5f), new(75, 0, 20, 0.5f)], 0.25f),
        // The palm down and the forefinger across; the fingers that are not needed hang loosely.
        new('P', [new(38, 8, 5, 5), new(72, 50, 22, -3), Loose(2), Loose(3)], Thumb.AlongMiddle, [new(75, 0, -45)], 0.15f),
        // The forefinger up or at the viewer and the middle finger hanging from its knuckle.
        new('P', [new(18, 8, 5, 5), new(90, 15, 10, -5), Curled(2), Curled(3)], Thumb.ToMiddle, [new(0, 30, 0)], 0.1f),
        // Q is G turned down.
        new('Q', [new(14, 8, 4), Curled(1), Curled(2), Curled(3)], Thumb.AlongForefinger,
            [new(180, 0, 180, 0.3f), new(0, 125, 0, 0.2f), new(120, 0, 160, 0.2f), new(0, 0, -120, 0.08f), new(60, 100, -30, 0.1f)], 0.45f),
        new('Q', [new(70, 10, 5), Curled(1), Curled(2), Curled(3)], Thumb.AlongForefinger,
            [new(78, 0, -45, 0.8f), new(80, 40, -40, 0.2f)], 0.2f),
        new('Q', [new(70, 10, 5), Loose(1), Loose(2), Loose(3)], Thumb.Apart(0.5f), [new(78, 0, -45, 0.8f), new(60, 20, -40, 0.2f)], 0.2f),
        // The knuckles at the viewer, the forefinger hanging.
        new('Q', [Hung, Curled(1), Curled(2), Curled(3)], Thumb.AlongHanging, Hanging, 0.15f),
    ];

    /// <summary>A finger in the fist: its plane of flexion leans to the thumb's base, more so towards the little finger.</summary>
    private static Finger Curled(int finger) => finger switch
    {
        0 => new(72, 102, 50, 0),
        1 => new(72, 104, 50, -6),
        2 => new(74, 104, 50, -14),
        _ => new(76, 103, 50, -25),
    };

    /// <summary>A finger with its tip on the palm and its knuckle nearly straight.</summary>
    private static Finger Folded(int finger) => Curled(finger) with { Knuckle = 40, Middle = 106 };

    /// <summary>A finger that hangs where it is not needed.</summary>
    private static Finger Loose(int finger) => Curled(finger) with { Middle = 58, End = 28 };

    private static Finger Tight(int finger) => Curled(finger) with { Knuckle = 82, Middle = 107 };

    private static Finger[] Fist(float knuckle) =>
        [.. Enumerable.Range(0, 4).Select(finger => Curled(finger) with { Knuckle = knuckle + finger })];

    /// <summary>Places of the thumb.</summary>
    private static class Thumb
    {
        private const int Middle = 1;
        private const int End = 2;

        public static ThumbGoal BesideFist { get; } = Between(Joint(0, Middle), Joint(0, Middle), 0, 0.14f, -0.02f, -0.10f);
        public static ThumbGoal UnderTips { get; } = Between(Landmarks.Tip(1), Landmarks.Tip(2), 0.4f, 0, -0.10f, 0.04f);
        public static ThumbGoal AcrossPalm { get; } = Between(Landmarks.Knuckle(1), Landmarks.Knuckle(2), 0.6f, 0, -0.28f, 0.20f);
        public static ThumbGoal OverRing { get; } = Between(Joint(2, Middle), Joint(2, End), 0.5f, 0.06f, 0, 0.12f);
        public static ThumbGoal OverLittle { get; } = Between(Joint(3, Middle), Joint(3, End), 0.6f, 0.06f, 0, 0.08f);
        public static ThumbGoal ToMiddle { get; } = Between(Landmarks.Knuckle(1), Joint(1, Middle), 0.75f, 0.06f, 0, 0.08f);
        public static ThumbGoal OnMiddle { get; } = Between(Landmarks.Knuckle(1), Joint(1, Middle), 0.6f, -0.04f, 0, 0.08f);
        public static ThumbGoal AlongMiddle { get; } = Between(Joint(1, Middle), Landmarks.Tip(1), 0.7f, 0.05f, -0.04f, 0.02f);
        public static ThumbGoal AlongHanging { get; } = Between(Joint(0, Middle), Joint(0, End), 0.7f, 0.08f, -0.12f, 0);
        public static ThumbGoal AlongForefinger { get; } = Between(Joint(0, Middle), Joint(0, End), 0.3f, 0.10f, -0.15f, 0.22f);
        public static ThumbGoal Aside { get; } = Between(Landmarks.Thumb, Landmarks.Thumb, 0, 1.05f, 0.42f, 0.15f);

        public static ThumbGoal AcrossFist(int finger) => Between(Joint(finger, Middle), Joint(finger, End), 0.6f, -0.02f, 0, 0.13f);
        public static ThumbGoal ToTip(int finger) => Between(Landmarks.Tip(finger), Landmarks.Tip(finger), 0, 0.03f, -0.02f, 0.03f);
        public static ThumbGoal Apart(float gap) => Between(Landmarks.Tip(0), Landmarks.Tip(0), 0, 0.05f, -gap, -0.1f);
        public static ThumbGoal Opposite(float gap) => Between(Landmarks.Tip(0), Landmarks.Tip(1), 0.3f, 0.05f, -gap, 0.05f);
        public static ThumbGoal UpBetween(int finger) => Between(Joint(finger, Middle), Joint(finger + 1, Middle), 0.5f, 0, 0.09f, 0);
        public static ThumbGoal Under(int finger) => Between(Joint(finger, End), Joint(finger + 1, End), 0.5f, 0, 0.02f, 0.02f);

        private static int Joint(int finger, int joint) => Landmarks.Knuckle(finger) + joint;

        private static ThumbGoal Between(int from, int to, float part, float x, float y, float z) => new(from, to, part, new(x, y, z));
    }
}
