"""The words a made-up chain is built from. No brand here means a real one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Range:
    """Products of one department.

    products: name, unit, lowest and highest price in whole rupees.
    """

    department: str
    prefix: str
    tax_code: str
    brands: tuple[str, ...]
    variants: tuple[str, ...]
    products: tuple[tuple[str, str, int, int], ...]


RANGES = (
    Range(
        "Grocery",
        "GR",
        "GST5",
        (
            "Harvest Lane",
            "Grain Story",
            "Green Bullock",
            "Village Pride",
            "Daily Basket",
            "Ghat Road",
            "Monsoon Mill",
            "Old Granary",
        ),
        ("250 g", "500 g", "1 kg", "2 kg", "5 kg"),
        (
            ("Basmati Rice", "pcs", 60, 700),
            ("Toor Dal", "pcs", 40, 600),
            ("Chana Dal", "pcs", 35, 500),
            ("Wheat Flour", "pcs", 25, 300),
            ("Brown Sugar", "pcs", 30, 320),
            ("Rock Salt", "pcs", 15, 90),
            ("Assam Tea", "pcs", 80, 900),
            ("Filter Coffee", "pcs", 120, 1200),
            ("Turmeric Powder", "pcs", 30, 250),
            ("Roasted Peanuts", "pcs", 40, 300),
            ("Poha", "pcs", 25, 180),
            ("Jaggery", "pcs", 30, 260),
        ),
    ),
    Range(
        "Fresh Produce",
        "FP",
        "GST0",
        ("Farm Gate", "Morning Market", "Riverbank"),
        ("Standard", "Organic"),
        (
            ("Tomatoes", "kg", 20, 60),
            ("Onions", "kg", 20, 50),
            ("Potatoes", "kg", 18, 45),
            ("Bananas", "kg", 35, 70),
            ("Green Chillies", "kg", 50, 120),
            ("Carrots", "kg", 30, 80),
            ("Apples", "kg", 90, 260),
            ("Grapes", "kg", 60, 180),
        ),
    ),
    Range(
        "Home & Kitchen",
        "HK",
        "GST12",
        (
            "Copper Courtyard",
            "Lotus Home",
            "Ever Kitchen",
            "Tava & Co",
            "Casa Deccan",
            "Hearthstone",
            "Kansa Works",
            "Terracotta Row",
        ),
        ("Small", "Medium", "Large", "Set of 2", "Set of 4", "Set of 6"),
        (
            ("Steel Lunch Box", "pcs", 150, 900),
            ("Non-Stick Tawa", "pcs", 400, 1800),
            ("Glass Storage Jar", "pcs", 90, 700),
            ("Ceramic Mug", "pcs", 120, 800),
            ("Pressure Cooker", "pcs", 900, 4500),
            ("Chopping Board", "pcs", 150, 900),
            ("Water Bottle", "pcs", 130, 900),
            ("Serving Bowl", "pcs", 140, 1200),
            ("Masala Box", "pcs", 350, 1500),
            ("Brass Diya", "pcs", 80, 900),
            ("Cotton Dish Towel", "pcs", 60, 400),
        ),
    ),
    Range(
        "Apparel",
        "AP",
        "GST5",
        (
            "Kora Cotton",
            "Blue Kite",
            "Banyan Street",
            "Mallika",
            "Northline",
            "Indigo Yard",
            "Saanjh",
        ),
        ("S Navy", "M Navy", "L Navy", "S White", "M White", "L White", "M Maroon", "L Maroon"),
        (
            ("Round Neck T-Shirt", "pcs", 250, 900),
            ("Slim Fit Jeans", "pcs", 900, 2800),
            ("Cotton Kurta", "pcs", 500, 2400),
            ("Linen Shirt", "pcs", 800, 3000),
            ("Track Pants", "pcs", 450, 1500),
            ("Hooded Sweatshirt", "pcs", 700, 2200),
            ("Printed Dupatta", "pcs", 250, 1200),
            ("Chino Shorts", "pcs", 500, 1500),
        ),
    ),
    Range(
        "Footwear",
        "FW",
        "GST18",
        ("Stride Wala", "Pagdandi", "Coastal Walk", "Hilltrack"),
        ("Size 6", "Size 7", "Size 8", "Size 9", "Size 10"),
        (
            ("Canvas Sneakers", "pair", 700, 2500),
            ("Leather Sandals", "pair", 600, 2800),
            ("Running Shoes", "pair", 1200, 4900),
            ("Kolhapuri Chappals", "pair", 450, 1800),
            ("Rain Slippers", "pair", 150, 500),
        ),
    ),
    Range(
        "Personal Care",
        "PC",
        "GST18",
        ("Neem & Clove", "Pure Bela", "Daily Dew", "Malabar Mist", "Vana", "Soft Monsoon"),
        ("75 ml", "100 ml", "200 ml", "400 ml", "Twin Pack"),
        (
            ("Herbal Shampoo", "pcs", 70, 600),
            ("Sandal Soap", "pcs", 30, 220),
            ("Aloe Face Wash", "pcs", 90, 450),
            ("Coconut Hair Oil", "pcs", 60, 500),
            ("Mint Toothpaste", "pcs", 40, 250),
            ("Rose Body Lotion", "pcs", 110, 600),
            ("Hand Wash", "pcs", 50, 300),
        ),
    ),
    Range(
        "Stationery & Toys",
        "ST",
        "GST12",
        ("Paper Boat Press", "Scholar", "Playroom", "Little Gully", "Inkwell", "Patang"),
        ("Classic", "Deluxe", "Junior", "Pack of 3", "Pack of 5"),
        (
            ("Ruled Notebook", "pcs", 40, 350),
            ("Gel Pens", "pcs", 20, 250),
            ("Wooden Puzzle", "pcs", 200, 1200),
            ("Colour Pencils", "pcs", 60, 500),
            ("Building Blocks", "pcs", 300, 2500),
            ("Sketch Book", "pcs", 80, 500),
            ("Carrom Coins", "pcs", 90, 450),
        ),
    ),
)

SERVICES = (
    ("SV0001", "Alteration", 15000),
    ("SV0002", "Home Delivery", 4900),
    ("SV0003", "Gift Wrapping", 3000),
    ("SV0004", "Extended Warranty", 49900),
)

TOWNS = (
    ("Pune", "WEST"),
    ("Nashik", "WEST"),
    ("Jaipur", "NORTH"),
    ("Kochi", "SOUTH"),
    ("Lucknow", "NORTH"),
    ("Mysuru", "SOUTH"),
    ("Surat", "WEST"),
    ("Bhopal", "NORTH"),
    ("Madurai", "SOUTH"),
    ("Ranchi", "EAST"),
    ("Bhubaneswar", "EAST"),
    ("Chandigarh", "NORTH"),
    ("Coimbatore", "SOUTH"),
    ("Guwahati", "EAST"),
    ("Indore", "WEST"),
    ("Patna", "EAST"),
    ("Vijayawada", "SOUTH"),
    ("Udaipur", "NORTH"),
    ("Rajkot", "WEST"),
    ("Hubballi", "SOUTH"),
)
LOCALITIES = ("Central", "Station Road", "City Mall", "Old Town", "Lake View")
GROUPS = (
    ("WEST", "Western stores"),
    ("NORTH", "Northern stores"),
    ("SOUTH", "Southern stores"),
    ("EAST", "Eastern stores"),
)

FIRST_NAMES = (
    "Aarav", "Aditi", "Ananya", "Arjun", "Asha", "Deepak", "Divya", "Farhan", "Gauri", "Harish",
    "Ishaan", "Jaya", "Kabir", "Kavya", "Lakshmi", "Manoj", "Meera", "Nikhil", "Nisha", "Omkar",
    "Pooja", "Rahul", "Rekha", "Rohan", "Sameer", "Sneha", "Sunita", "Tara", "Varun", "Zoya",
)  # fmt: skip
LAST_NAMES = (
    "Agarwal", "Bhatt", "Chopra", "Das", "D'Souza", "Fernandes", "Gupta", "Iyer", "Jain", "Joshi",
    "Khan", "Kulkarni", "Menon", "Mishra", "Nair", "Patel", "Pillai", "Rao", "Reddy", "Sharma",
    "Shetty", "Singh", "Thomas", "Verma", "Yadav",
)  # fmt: skip

ROLES = (
    ("CASHIER", "Cashier", "bill,return"),
    ("MANAGER", "Store Manager", "bill,return,settle,receive,data_exchange"),
    ("STOCK", "Stock Keeper", "receive"),
    ("AUDITOR", "Auditor", "view"),
)
MODES_OF_PAYMENT = (
    ("CASH", "Cash", "cash"),
    ("CARD", "Credit or Debit Card", "card"),
    ("UPI", "UPI", "wallet"),
    ("GIFT", "Gift Voucher", "account"),
    ("CREDIT", "Customer Account", "account"),
)
MASTER_POLICIES = (
    ("BILL_FOOTER", "Text at the end of a bill", "Thank you. Visit again."),
    ("MAX_DISCOUNT", "Highest discount at the till, per cent", "10"),
    ("NEGATIVE_STOCK", "Sell what the stock list lacks", "warn"),
    ("PRICE_AT_TILL", "Change a price at the till", "no"),
    ("RETURN_DAYS", "Days in which goods are taken back", "15"),
    ("ROUND_BILL_TO", "Round a bill to, in paise", "1"),
)
SITE_POLICIES = (
    ("OPENS_AT", "Opening time", ("09:30", "10:00", "10:30")),
    ("CLOSES_AT", "Closing time", ("21:00", "21:30", "22:00")),
    ("RETURN_DAYS", "Days in which goods are taken back", ("7", "15", "30")),
)
PROMOTIONS = (
    "Festive Week", "Monsoon Sale", "Kitchen Carnival", "Back to School", "Weekend Saver",
    "Summer Cottons", "Tea Time Treat", "New Year Clearance", "Fresh Friday", "Care Combo",
    "Footwear Fest", "Member Monday",
)  # fmt: skip
