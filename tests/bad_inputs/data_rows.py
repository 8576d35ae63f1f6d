"""Bad data, files, specs and stores: the call, the error, and words that its message must hold."""

from surefit.data.rows import RowsError
from surefit.errors import InvalidInputError, StorageError, UnknownNameError

LOST = StorageError
ROWS_ERROR = RowsError
UNKNOWN = UnknownNameError
WRONG = InvalidInputError

SOURCES = [
    ("load('digit')", UNKNOWN, "digits"),
    ("load('digits:1')", WRONG, "digits"),
    ("load('csv')", WRONG, "'path'"),
    ("load('sphere', n=0, d=3)", WRONG, "n"),
    ("load('sphere', n=5, d=0)", WRONG, "d"),
    ("load('sphere', n=5, d=3, sed=1)", UNKNOWN, "seed"),
    ("load('gaussian', n=-1, d=3)", WRONG, "-1"),
    ("load('nowhere.csv')", LOST, "nowhere.csv"),
    ("load('folder.csv')", LOST, "folder.csv"),
    ("load('notes.txt')", WRONG, "notes.txt"),
    ("load('csv:words.csv', path='other.csv')", WRONG, "path"),
]
TABLES = [
    ("load('empty.csv')", WRONG, "two columns"),
    ("load('words.csv')", WRONG, "'b'"),
    ("load('ragged.csv')", WRONG, "line 3"),
    ("load('gaps.csv')", ROWS_ERROR, "missing"),
    ("load('latin.csv')", WRONG, "UTF-8"),
    ("load('damaged.csv.gz')", LOST, "gzip"),
    ("load('good.csv', target='weight')", UNKNOWN, "weight"),
    ("load('good.csv', target=7)", WRONG, "7", "a, b, c"),
    ("load('dates.csv')", WRONG, "'day'", "days since"),
    ("load('good.csv', target=[])", WRONG, "target"),
    ("load('good.csv', delimiter=';;')", WRONG, "delimiter"),
    ("load('good.csv', delimiter='')", WRONG, "delimiter"),
    ("load('good.csv', task='clustering')", UNKNOWN, "clustering"),
    ("load('decimal.csv', delimiter=';')", WRONG, "decimal comma"),
    ("load('header.csv')", WRONG, "at least one example"),
    ("load('twice.csv', target='a')", WRONG, "'a'"),
]
ARRAYS = [
    ("load('nowhere.npz')", LOST, "nowhere.npz"),
    ("load('text.npz')", WRONG, "NumPy archive"),
    ("load('cut.npz')", WRONG, "cut.npz"),
    ("load('other.npz')", WRONG, "x_key"),
    ("load('pickled.npz')", WRONG, "pickled"),
    ("load('good.npz', x_key='z')", WRONG, "'z'"),
    ("load('uneven.npz')", WRONG, "3", "4"),
    ("load('nowhere-images-idx3-ubyte')", LOST, "nowhere"),
    ("load('idx:notes.txt', labels='notes.txt')", WRONG, "IDX"),
    ("load('cut-images-idx3-ubyte', labels='good-labels-idx1-ubyte')", LOST, "cut"),
    ("load('huge-images-idx3-ubyte', labels='good-labels-idx1-ubyte')", MemoryError, "memory"),
    ("load('good-images-idx3-ubyte', labels='good-images-idx3-ubyte')", WRONG, "labels"),
    ("load('lonely-images-idx3-ubyte')", LOST, "labels"),
]
PREPARING = [
    ("data.prepare(digits, ('centr',))", UNKNOWN, "centre"),
    ("data.prepare(digits, labels='onehot')", UNKNOWN, "one_hot"),
    ("data.prepare(digits, classes=(0,))", WRONG, "classes"),
    ("data.prepare(digits, classes=(0, 77))", UNKNOWN, "77"),
    ("data.prepare(digits, samples=0)", WRONG, "0"),
    ("data.prepare(digits, samples=10**6)", WRONG, "1000000"),
    ("data.prepare(digits, samples=10, samples_per_class=5)", WRONG, "samples_per_class"),
    ("data.prepare(digits, samples_per_class=0)", WRONG, "samples_per_class"),
    ("data.prepare(digits, noise=-1.0)", WRONG, "noise"),
    ("data.prepare(digits, noise=nan)", WRONG, "nan"),
    ("data.perturb(x, -0.1)", WRONG, "noise"),
    ("data.Dataset('d', x, y[:-1])", WRONG, "4", "5"),
    ("data.Dataset('d', x * nan, y)", ROWS_ERROR, "finite"),
    ("data.Dataset('d', x, y, task='ranking')", UNKNOWN, "ranking"),
]
SPECS = [
    ("CertifySpec(width=0)", WRONG, "width"),
    ("CertifySpec(width=2.5)", WRONG, "2.5"),
    ("CertifySpec(width='wide')", WRONG, "wide"),
    ("CertifySpec(width=True)", WRONG, "True"),
    ("CertifySpec(widht=8)", WRONG, "width"),
    ("CertifySpec(samples=1)", WRONG, "samples"),
    ("CertifySpec(samples=10, samples_per_class=3)", WRONG, "samples_per_class"),
    ("CertifySpec(classes=(0,))", WRONG, "classes"),
    ("CertifySpec(classes=(0, 0))", WRONG, "classes"),
    ("CertifySpec(classes=(0.5, 1))", WRONG, "0.5"),
    ("CertifySpec(noise=-1.0)", WRONG, "noise"),
    ("CertifySpec(noise=nan)", WRONG, "noise"),
    ("CertifySpec(noise=inf)", WRONG, "noise"),
    ("CertifySpec(step_size=0)", WRONG, "step_size"),
    ("CertifySpec(step_size='fast')", WRONG, "fast"),
    ("CertifySpec(steps=-1)", WRONG, "steps"),
    ("CertifySpec(seed=-1)", WRONG, "seed"),
    ("CertifySpec(seed=2**70)", WRONG, "seed"),
    ("CertifySpec(activation='ta\\nnh')", WRONG, "activation"),
    ("CertifySpec(network='')", WRONG, "network"),
    ("CertifySpec(network='implicit', gamma=-1.0)", WRONG, "gamma"),
    ("CertifySpec(gamma=0.1)", WRONG, "gamma"),
    ("CertifySpec(data='nowhere.csv')", WRONG, "nowhere.csv"),
    ("CertifySpec(data='folder.csv')", WRONG, "folder.csv"),
    ("CertifySpec.from_file('nowhere.toml')", LOST, "nowhere.toml"),
    ("CertifySpec.from_file('folder.csv')", LOST, "folder.csv"),
    ("CertifySpec.from_file('broken.toml')", WRONG, "broken.toml"),
    ("CertifySpec.from_file('latin.toml')", WRONG, "latin.toml"),
    ("CertifySpec.from_file('deep.toml')", WRONG, "deep.toml"),
    ("CertifySpec.from_file('other.toml')", WRONG, "colour"),
    ("CertifySpec.from_canonical({})", WRONG, "schema"),
    ("sf.KernelSpec(ridge=-1.0)", WRONG, "ridge"),
    ("sf.KernelSpec(kernel='empirical')", WRONG, "empirical"),
]
STORES = [
    ("begin(Store('notes.txt'))", LOST, "notes.txt"),
    ("begin(Store('notes.txt/below'))", LOST, "notes.txt"),
    ("begin(taken)", LOST, "taken"),
    ("read_json('nowhere.json')", LOST, "nowhere.json"),
    ("read_json('deep.json')", LOST, "deep.json"),
    ("sf.Certificate.load('folder.csv')", LOST, "folder.csv"),
    ("report.write_page(Path('folder.csv'))", LOST, "result.json"),
    ("report.write_kernel(Path('folder.csv'))", LOST, "folder.csv"),
    ("report.write_experiment(Path('folder.csv'))", LOST, "folder.csv"),
]
ROWS = [*SOURCES, *TABLES, *ARRAYS, *PREPARING, *SPECS, *STORES]
